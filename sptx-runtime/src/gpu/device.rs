//! What a GPU's device offers.

use std::time::Instant;

use super::{Artifact, Capabilities, MatrixProduct};

/// One launch.
#[derive(Debug)]
pub struct Launch<'a, K, B> {
    /// What is launched.
    pub kernel: &'a K,
    /// Over how many workgroups; over none is no launch.
    pub workgroups: u32,
    /// The artifact's parameters, in its order.
    pub parameters: &'a [u32],
    /// The artifact's buffers, in its order.
    pub buffers: &'a [&'a B],
}

/// A device that launches kernels. Launches run one after another, in the order in which they were asked for; so do
/// reads, writes and copies of buffers.
pub trait Device {
    /// An array of words in the device's memory.
    type Buffer;
    /// A kernel, ready to launch.
    type Kernel;
    /// What it keeps of a sequence of launches that is made again and again.
    type Sequence: Default;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Makes a kernel ready.
    ///
    /// # Errors
    /// When the device refuses its text, or is lost.
    fn load(&self, artifact: &Artifact) -> Result<Self::Kernel, DeviceError>;

    /// An array of zeros.
    ///
    /// # Errors
    /// When there is no memory for it, or the device is lost.
    fn allocate(&self, words: usize) -> Result<Self::Buffer, DeviceError>;

    /// Writes words from the word `at` on.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When they do not fit.
    fn write(&self, buffer: &Self::Buffer, at: usize, words: &[u32]) -> Result<(), DeviceError>;

    /// Reads words from the word `at` on, after all launches so far.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When there are not as many.
    fn read(&self, buffer: &Self::Buffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError>;

    /// Copies so many words from the beginning of a buffer to the beginning of another one.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When one of them has not as many, or they are one and the same.
    fn copy(&self, from: &Self::Buffer, to: &Self::Buffer, words: usize) -> Result<(), DeviceError>;

    /// Launches a kernel over so many workgroups. Parameters and buffers are those of the artifact, in its order.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When there are more or fewer parameters or buffers than the artifact has.
    fn launch(
        &self,
        kernel: &Self::Kernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&Self::Buffer],
    ) -> Result<(), DeviceError>;

    /// Makes launches one after another. For `sequence` the caller keeps one value for all times that it makes the same
    /// launches, be it with other parameters, other buffers or over more or fewer workgroups: a device may have prepared
    /// them. The first time it is a default value.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// As [`Device::launch`].
    fn launch_all(
        &self,
        sequence: &mut Self::Sequence,
        launches: &[Launch<'_, Self::Kernel, Self::Buffer>],
    ) -> Result<(), DeviceError> {
        _ = sequence;
        let mut each = launches.iter();
        each.try_for_each(|it| self.launch(it.kernel, it.workgroups, it.parameters, it.buffers))
    }

    /// Multiplies matrices, where the device has a library that does it in f32 throughout; the same bits for the same
    /// numbers of rows and columns. False where it has none, or that does not take the product: then `out` may hold anything.
    ///
    /// # Errors
    /// When the device is lost.
    ///
    /// # Panics
    /// When a matrix does not lie in its buffer, or `out` is one of the others.
    fn multiply(&self, product: &MatrixProduct<'_, Self::Buffer>) -> Result<bool, DeviceError> {
        _ = product;
        Ok(false)
    }

    /// Waits until all that was asked for is done.
    ///
    /// # Errors
    /// When the device is lost.
    fn wait(&self) -> Result<(), DeviceError>;

    /// Seconds from the beginning to the end of what `work` asks for: by the device's own clock where it has one that
    /// tells them, by the host's otherwise.
    ///
    /// # Errors
    /// Those of `work`, and when the device is lost.
    fn seconds(&self, work: &mut dyn FnMut() -> Result<(), DeviceError>) -> Result<f64, DeviceError> {
        self.wait()?;
        let start = Instant::now();
        work()?;
        self.wait()?;
        Ok(start.elapsed().as_secs_f64())
    }
}

/// What can go wrong on a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// There is none.
    #[error("{0}")]
    Absent(String),
    /// A kernel it does not take: a defect of the compiler, or of the driver's.
    #[error("kernel `{entry}` was refused: {reason}")]
    Refused {
        /// The kernel's entry point.
        entry: String,
        /// What the device says.
        reason: String,
    },
    /// No memory.
    #[error("the device has no room for {bytes} more bytes: {reason}")]
    OutOfMemory {
        /// How much was asked for.
        bytes: u64,
        /// What the device says.
        reason: String,
    },
    /// It stopped working.
    #[error("the device was lost: {0}")]
    Lost(String),
}

/// What borrows a device is one, so that several engines can share it.
impl<D: Device> Device for &D {
    type Buffer = D::Buffer;
    type Kernel = D::Kernel;
    type Sequence = D::Sequence;

    fn capabilities(&self) -> Capabilities {
        D::capabilities(self)
    }

    fn load(&self, artifact: &Artifact) -> Result<Self::Kernel, DeviceError> {
        D::load(self, artifact)
    }

    fn allocate(&self, words: usize) -> Result<Self::Buffer, DeviceError> {
        D::allocate(self, words)
    }

    fn write(&self, buffer: &Self::Buffer, at: usize, words: &[u32]) -> Result<(), DeviceError> {
        D::write(self, buffer, at, words)
    }

    fn read(&self, buffer: &Self::Buffer, at: usize, words: &mut [u32]) -> Result<(), DeviceError> {
        D::read(self, buffer, at, words)
    }

    fn copy(&self, from: &Self::Buffer, to: &Self::Buffer, words: usize) -> Result<(), DeviceError> {
        D::copy(self, from, to, words)
    }

    fn launch(
        &self,
        kernel: &Self::Kernel,
        workgroups: u32,
        parameters: &[u32],
        buffers: &[&Self::Buffer],
    ) -> Result<(), DeviceError> {
        D::launch(self, kernel, workgroups, parameters, buffers)
    }

    fn launch_all(
        &self,
        sequence: &mut Self::Sequence,
        launches: &[Launch<'_, Self::Kernel, Self::Buffer>],
    ) -> Result<(), DeviceError> {
        D::launch_all(self, sequence, launches)
    }

    fn multiply(&self, product: &MatrixProduct<'_, Self::Buffer>) -> Result<bool, DeviceError> {
        D::multiply(self, product)
    }

    fn wait(&self) -> Result<(), DeviceError> {
        D::wait(self)
    }

    fn seconds(&self, work: &mut dyn FnMut() -> Result<(), DeviceError>) -> Result<f64, DeviceError> {
        D::seconds(self, work)
    }
}
