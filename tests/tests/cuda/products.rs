//! Products of matrices by cuBLAS.

use std::collections::BTreeMap;

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::gpu;
use sptx_codegen::ir::DimSize;
use sptx_runtime::cuda::CudaDevice;
use sptx_runtime::gpu::{Device, MatrixProduct, MatrixRows, Schedule};
use sptx_tests::{Case, zoo};

use crate::support::{CUBLAS, INSIDE, told_inside};

const TRACED: (&str, &str) = ("SPTX_STAND_IN_TRACE", "1");

/// Products of so many rows and columns, of so many numbers, from row to row, from a word on.
const SIZES: [([usize; 2], usize, usize, [usize; 2]); 4] =
    [([1, 1], 1, 4, [0, 0]), ([3, 7], 5, 8, [4, 12]), ([9, 2], 4, 4, [0, 1]), ([5, 5], 11, 12, [7, 0])];

/// Numbers from -4 to 4, and behind each row what is none.
fn rows([at, count]: [usize; 2], width: usize, stride: usize, seed: usize) -> Vec<f32> {
    let mut numbers = vec![f32::NAN; at + count * stride];
    for row in 0..count {
        (0..width).for_each(|k| numbers[at + row * stride + k] = ((row * 7 + k * 3 + seed) % 9) as f32 - 4.0);
    }
    numbers
}

/// Multiplies, and holds the products against plain loops; whether all were made.
fn multiply(device: &CudaDevice) -> bool {
    let put = |numbers: &[f32]| {
        let words: Vec<u32> = numbers.iter().map(|number| number.to_bits()).collect();
        let buffer = device.allocate(words.len()).expect("room");
        device.write(&buffer, 0, &words).expect("writes");
        buffer
    };
    SIZES.into_iter().all(|([left, right], width, stride, [left_at, right_at])| {
        let numbers = [rows([left_at, left], width, stride, 1), rows([right_at, right], width, stride, 5)];
        let buffers = numbers.each_ref().map(|numbers| put(numbers));
        let out = put(&vec![f32::NAN; left * right]);
        let made = [false, true].map(|adds| {
            let product = MatrixProduct {
                left: MatrixRows { buffer: &buffers[0], at: left_at, count: left },
                right: MatrixRows { buffer: &buffers[1], at: right_at, count: right },
                width,
                stride,
                out: &out,
                adds,
            };
            device.multiply(&product).expect("the device is there")
        });
        if made != [true, true] {
            return false;
        }
        let mut words = vec![0; left * right];
        device.read(&out, 0, &mut words).expect("reads");
        for (place, word) in words.into_iter().enumerate() {
            let (i, j) = (place / right, place % right);
            let term = |k| numbers[0][left_at + i * stride + k] * numbers[1][right_at + j * stride + k];
            let dot: f32 = (0..width).map(term).sum();
            assert_eq!(f32::from_bits(word), 2.0 * dot, "{left} by {right} by {width}, {i} {j}");
        }
        true
    })
}

#[test]
fn products_are_cublas_where_it_is() {
    let test = "products::products_are_cublas_where_it_is";
    match std::env::var(INSIDE).is_ok().then(|| std::env::var(CUBLAS).unwrap_or_default()).as_deref() {
        Some("here") => {
            let device = CudaDevice::open("").expect("a GPU");
            assert!(multiply(&device));
            assert!(!multiply(&device.by_kernels_alone()));
        }
        Some(_) => assert!(!multiply(&CudaDevice::open("").expect("a GPU"))),
        None => {
            told_inside(test, &[]);
            for state in ["here", "broken"] {
                told_inside(test, &[(CUBLAS, state)]);
            }
        }
    }
}

/// The scores of blocks, of every model in the zoo whose scores are dot products: how many that are.
fn check_blocks() -> usize {
    let device = CudaDevice::open("").expect("a GPU");
    let mut models = 0;
    for (number, score) in zoo().iter().enumerate() {
        let symbols = score.dims.iter().filter(|(_, dim)| dim.size == DimSize::Symbol);
        let sizes: BTreeMap<String, usize> = symbols.map(|(_, dim)| (dim.name.clone(), 5)).collect();
        let Some(case) = Case::new(score, sizes, 9, number as u64) else { continue };
        if !case.model.splits.iter().any(|split| split.score_product().is_some()) {
            continue;
        }
        models += 1;
        let schedule = Schedule::default();
        let mut plans = gpu::plan(&case.model, &schedule);
        plans.extend(gpu::block_gradients(&case.model, &schedule));
        let mut engine = case.gpu_engine(&device, ptx::artifacts(&plans, schedule, Arch::default()));
        let wrong = case.check_gpu_blocks(&mut engine, 1e-4);
        assert!(wrong.is_empty(), "{}: {wrong:?}", score.name);
    }
    models
}

#[test]
fn blocks_of_dot_products_are_cublas() {
    if std::env::var_os(INSIDE).is_some() {
        assert!(check_blocks() >= 3, "DistMult, ComplEx and others");
        return;
    }
    let made = |variables: &[(&str, &str)]| {
        let told = told_inside("products::blocks_of_dot_products_are_cublas", variables);
        told.lines().filter(|line| *line == "cublasSgemm_v2").count()
    };
    assert_eq!(made(&[TRACED]), 0, "without the library kernels do it");
    assert!(made(&[TRACED, (CUBLAS, "here")]) >= 6, "either end of each model");
    assert!(made(&[TRACED, (CUBLAS, "broken")]) >= 6, "where it fails kernels do it");
}
