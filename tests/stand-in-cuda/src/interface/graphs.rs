//! Graphs of launches.

use std::ffi::{c_uint, c_ulonglong, c_void};

use super::modules::launch_of;
use super::{code, exports, give};
use crate::Code;
use crate::gpu::gpu;
use crate::graph::{Graph, Launch};

/// A launch, as graphs are told of it.
#[repr(C)]
pub struct Node {
    function: *mut c_void,
    shape: [c_uint; 6],
    shared: c_uint,
    parameters: *mut *mut c_void,
    extra: *mut *mut c_void,
    kernel: *mut c_void,
    context: *mut c_void,
}

fn launch(node: *const Node) -> Result<Launch, Code> {
    // SAFETY: the caller's node is valid.
    let Node { function, shape, parameters, extra, kernel, .. } = unsafe { &*node };
    if !extra.is_null() || !kernel.is_null() {
        return Err(Code::InvalidValue);
    }
    launch_of(*function, *shape, *parameters)
}

exports! { Code;
    cuGraphCreate(graph: *mut *mut c_void, flags: c_uint) => {
        give(graph, if flags == 0 { Ok(gpu().graphs.add(Graph::default())) } else { Err(Code::InvalidValue) })
    };

    cuGraphDestroy(graph: *mut c_void) => code(gpu().destroy_graph(graph));

    cuGraphAddKernelNode_v2(
        node: *mut *mut c_void,
        graph: *mut c_void,
        after: *const *mut c_void,
        count: usize,
        parameters: *const Node
    ) => {
        // SAFETY: there are `count` nodes, of which the pointer is of no account where there are none.
        let after = if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(after, count) } };
        give(node, launch(parameters).and_then(|launch| gpu().add_node(graph, after, launch)))
    };

    cuGraphInstantiateWithFlags(executable: *mut *mut c_void, graph: *mut c_void, flags: c_ulonglong) => {
        give(executable, if flags == 0 { gpu().instantiate(graph) } else { Err(Code::InvalidValue) })
    };

    cuGraphExecKernelNodeSetParams_v2(executable: *mut c_void, node: *mut c_void, parameters: *const Node) => {
        code(launch(parameters).and_then(|launch| gpu().set_node(executable, node, launch)))
    };

    cuGraphLaunch(executable: *mut c_void, stream: *mut c_void) => {
        code(gpu().on(stream).and_then(|gpu| gpu.launch_graph(executable)))
    };

    cuGraphExecDestroy(executable: *mut c_void) => code(gpu().executables.remove(executable).map(|_| ()));
}
