//! Launches that are started together: graphs of the driver.
//!
//! A step of training makes the same launches again and again, of which a few words change. The driver keeps them as a
//! chain of nodes that it starts at once; what changed is told it before. A launch that is under way keeps what it was
//! started with.

use std::ptr;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUgraphInstantiate_flags};
use cudarc::driver::{CudaContext, CudaStream, DriverError, result};

use super::call::Call;

/// The CUDA of the oldest drivers that have the calls for it.
const LEAST_CUDA: (u32, u32) = (12, 0);

/// Forms of a sequence that are kept: an epoch's last batch may be smaller, and have launches of nothing.
const MOST_FORMS: usize = 4;

/// What is kept of a sequence of launches, from one time to the next.
#[derive(Debug, Default)]
pub struct CudaSequence {
    /// One for each form in which the sequence was made.
    graphs: Vec<Graph>,
    /// The driver did not take a graph: launches are made one by one.
    is_refused: bool,
}

impl CudaSequence {
    /// Makes launches one after another, by a driver of some CUDA.
    pub(super) fn launch(
        &mut self,
        cuda: (u32, u32),
        stream: &Arc<CudaStream>,
        calls: &[Call],
    ) -> Result<(), DriverError> {
        if cuda >= LEAST_CUDA && !self.is_refused && !calls.is_empty() {
            match self.launch_graph(stream, calls) {
                Ok(()) => return Ok(()),
                // What else is wrong the launches themselves will tell.
                Err(_) => *self = Self { graphs: Vec::new(), is_refused: true },
            }
        }
        calls.iter().try_for_each(|call| call.launch(stream))
    }

    fn launch_graph(&mut self, stream: &Arc<CudaStream>, calls: &[Call]) -> Result<(), DriverError> {
        stream.context().bind_to_thread()?;
        let known = self.graphs.iter_mut().find(|graph| graph.has_form_of(calls));
        match known {
            Some(graph) => {
                graph.update(calls)?;
                graph.launch(stream)
            }
            None => {
                let graph = Graph::new(Arc::clone(stream.context()), calls)?;
                graph.launch(stream)?;
                if self.graphs.len() == MOST_FORMS {
                    self.graphs.remove(0);
                }
                self.graphs.push(graph);
                Ok(())
            }
        }
    }
}

/// A chain of launches.
#[derive(Debug)]
struct Graph {
    context: Arc<CudaContext>,
    graph: sys::CUgraph,
    /// What is launched; null until it is made.
    executable: sys::CUgraphExec,
    nodes: Vec<(sys::CUgraphNode, Call)>,
}

// SAFETY: a graph's handles belong to no thread, and nothing else has them.
unsafe impl Send for Graph {}

impl Graph {
    /// A chain of these launches. The context is the thread's.
    fn new(context: Arc<CudaContext>, calls: &[Call]) -> Result<Self, DriverError> {
        let mut graph = ptr::null_mut();
        // SAFETY: the driver writes a handle to the place it is given.
        unsafe { sys::cuGraphCreate(&mut graph, 0) }.result()?;
        let mut made = Self { context, graph, executable: ptr::null_mut(), nodes: Vec::with_capacity(calls.len()) };
        for call in calls {
            let before = made.nodes.last().map(|(node, _)| *node);
            let before = before.as_slice();
            let mut node = ptr::null_mut();
            // SAFETY: the graph is live; the nodes before are its own and as many as is said; the arguments are those of
            // the function, by the contract of `Call`, and the driver copies them.
            call.as_node(|node_parameters| unsafe {
                sys::cuGraphAddKernelNode_v2(&mut node, graph, before.as_ptr(), before.len(), node_parameters)
            })
            .result()?;
            made.nodes.push((node, call.clone()));
        }
        // SAFETY: the graph is live.
        made.executable = unsafe { result::graph::instantiate(graph, CUgraphInstantiate_flags(0)) }?;
        Ok(made)
    }

    /// Whether these launches are of the same functions, one by one.
    fn has_form_of(&self, calls: &[Call]) -> bool {
        self.nodes.len() == calls.len() && self.nodes.iter().zip(calls).all(|((_, own), call)| own.is_of(call))
    }

    /// Tells the driver what is not as it was.
    fn update(&mut self, calls: &[Call]) -> Result<(), DriverError> {
        for ((node, own), call) in self.nodes.iter_mut().zip(calls).filter(|((_, own), call)| own != *call) {
            // SAFETY: both handles are live, and the node is one of the graph that was made executable; the arguments
            // are those of its function, by the contract of `Call`, and the driver copies them.
            call.as_node(|parameters| unsafe {
                sys::cuGraphExecKernelNodeSetParams_v2(self.executable, *node, parameters)
            })
            .result()?;
            own.clone_from(call);
        }
        Ok(())
    }

    /// Starts the chain. The context is the thread's.
    fn launch(&self, stream: &CudaStream) -> Result<(), DriverError> {
        // SAFETY: the handles are live. Its launches are as `Call::launch` wants them: buffers are those of this very
        // call, to which `update` has set the nodes, and are freed in the order of the stream.
        unsafe { result::graph::launch(self.executable, stream.cu_stream()) }
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // Nobody is left to be told of an error; one that stays comes back from the next call.
        _ = self.context.bind_to_thread();
        // SAFETY: both were made and are destroyed once; the driver lets a launch that is under way come to its end.
        unsafe {
            if !self.executable.is_null() {
                _ = result::graph::exec_destroy(self.executable);
            }
            _ = result::graph::destroy(self.graph);
        }
    }
}
