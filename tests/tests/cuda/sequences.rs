//! Sequences of launches that are made again and again.

use sptx_runtime::cuda::CudaDevice;
use sptx_runtime::gpu::{Device, Launch};

use crate::support::{INSIDE, step, told_inside};

/// One launch: over how many workgroups, its scale and what it adds, and on which buffer.
type Made = (u32, [u32; 2], usize);

/// The sequence, as it is made from time to time.
const TIMES: [&[Made]; 9] = [
    &[(2, [3, 1], 0), (1, [5, 2], 0), (3, [7, 4], 1)],
    // The same.
    &[(2, [3, 1], 0), (1, [5, 2], 0), (3, [7, 4], 1)],
    // Other words, other workgroups, another buffer.
    &[(2, [3, 9], 0), (3, [5, 2], 0), (3, [7, 4], 0)],
    // Over nothing: another form.
    &[(2, [3, 9], 0), (0, [5, 2], 0), (1, [7, 4], 1)],
    &[(2, [3, 8], 0), (0, [5, 2], 0), (1, [7, 4], 1)],
    // Nothing at all.
    &[(0, [3, 8], 0)],
    // Three more forms, so that the first is forgotten.
    &[(1, [2, 1], 1)],
    &[(1, [2, 1], 1), (1, [3, 1], 1), (1, [2, 5], 1), (1, [3, 0], 1)],
    &[(1, [2, 1], 1), (1, [3, 1], 1), (1, [2, 5], 1), (1, [3, 0], 1), (3, [1, 1], 0)],
];

/// Makes the sequence again and again, and holds what it does against what it should.
fn make() {
    let device = CudaDevice::open("").expect("a GPU");
    let kernel = device.load(&step()).expect("loads");
    let buffers = [0, 1].map(|_| device.allocate(3).expect("room"));
    let mut expected = [[0_u32; 3]; 2];
    let mut sequence = <CudaDevice as Device>::Sequence::default();
    for made in TIMES {
        let bound: Vec<_> = made.iter().map(|(.., buffer)| [&buffers[*buffer]]).collect();
        let launches: Vec<_> = made
            .iter()
            .zip(&bound)
            .map(|((workgroups, words, _), buffers)| Launch {
                kernel: &kernel,
                workgroups: *workgroups,
                parameters: words,
                buffers,
            })
            .collect();
        device.launch_all(&mut sequence, &launches).expect("launches");
        for (workgroups, [scale, add], buffer) in made {
            let numbers = expected[*buffer].iter_mut().take(*workgroups as usize);
            numbers.for_each(|number| *number = number.wrapping_mul(*scale).wrapping_add(*add));
        }
        for (buffer, expected) in buffers.iter().zip(&expected) {
            let mut read = [0; 3];
            device.read(buffer, 0, &mut read).expect("reads");
            assert_eq!(read, *expected, "{made:?}");
        }
    }
}

/// How often each of these calls was made.
fn calls<const N: usize>(told: &str, names: [&str; N]) -> [usize; N] {
    names.map(|name| told.lines().filter(|line| *line == name).count())
}

#[test]
fn sequences_are_graphs() {
    if std::env::var_os(INSIDE).is_some() {
        return make();
    }
    let told = told_inside("sequences::sequences_are_graphs", &[("SPTX_STAND_IN_TRACE", "1")]);
    let started = calls(&told, ["cuGraphLaunch", "cuLaunchKernel"]);
    assert_eq!(started, [8, 0], "all but the time of nothing at all");
    let made = calls(&told, ["cuGraphCreate", "cuGraphInstantiateWithFlags", "cuGraphDestroy", "cuGraphExecDestroy"]);
    assert_eq!(made, [5; 4], "a graph for each form; each is destroyed");
    let changed = calls(&told, ["cuGraphAddKernelNode_v2", "cuGraphExecKernelNodeSetParams_v2"]);
    assert_eq!(changed, [3 + 2 + 1 + 4 + 5, 3 + 1], "what stays as it is is not said again");
}

#[test]
fn without_graphs_launches_are_made_one_by_one() {
    if std::env::var_os(INSIDE).is_some() {
        return make();
    }
    let launches = TIMES.iter().flat_map(|made| made.iter()).filter(|(workgroups, ..)| *workgroups > 0).count();
    for (variable, asked) in [(("SPTX_STAND_IN_GRAPHS", "none"), 1), (("SPTX_STAND_IN_CUDA", "11080"), 0)] {
        let variables = [variable, ("SPTX_STAND_IN_TRACE", "1")];
        let told = told_inside("sequences::without_graphs_launches_are_made_one_by_one", &variables);
        let names = ["cuLaunchKernel", "cuGraphLaunch", "cuGraphCreate", "cuGraphDestroy"];
        assert_eq!(calls(&told, names), [launches, 0, asked, asked]);
    }
}
