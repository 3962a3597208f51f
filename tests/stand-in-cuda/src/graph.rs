//! Graphs: launches that are started together.

use std::ffi::c_void;

use super::Code;
use super::gpu::Gpu;

/// What a launch is of, with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) function: *mut c_void,
    pub(crate) workgroups: u32,
    pub(crate) threads: u32,
    pub(crate) addresses: Vec<u64>,
    pub(crate) words: Vec<u32>,
}

// SAFETY: the pointer is a handle, which nobody looks behind.
unsafe impl Send for Launch {}

/// A graph that is built: its nodes, each with the one that it waits for.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<(Handle, Launch)>,
}

/// A graph that can be launched.
#[derive(Debug)]
pub(crate) struct Executable {
    graph: Handle,
    nodes: Vec<(Handle, Launch)>,
}

/// A handle that is kept.
type Handle = usize;

impl Gpu {
    /// Adds a launch to a graph, behind the node that was added last: chains are all that is taken.
    pub(crate) fn add_node(
        &mut self,
        graph: *mut c_void,
        after: &[*mut c_void],
        launch: Launch,
    ) -> Result<*mut c_void, Code> {
        self.check_launch(&launch)?;
        let last = self.graphs.get(graph)?.nodes.last().map(|(node, _)| *node);
        if after.iter().map(|node| node.addr()).ne(last) {
            return Err(Code::InvalidValue);
        }
        let node = self.nodes.add(graph.addr());
        self.graphs.get(graph)?.nodes.push((node.addr(), launch));
        Ok(node)
    }

    /// Makes a graph that can be launched.
    pub(crate) fn instantiate(&mut self, graph: *mut c_void) -> Result<*mut c_void, Code> {
        self.check()?;
        if super::gpu::variable("SPTX_STAND_IN_GRAPHS").is_some_and(|graphs| graphs == "none") {
            return Err(Code::NotSupported);
        }
        let nodes = self.graphs.get(graph)?.nodes.clone();
        Ok(self.executables.add(Executable { graph: graph.addr(), nodes }))
    }

    /// Changes a launch, of the same function, of a graph that was instantiated.
    pub(crate) fn set_node(&mut self, executable: *mut c_void, node: *mut c_void, launch: Launch) -> Result<(), Code> {
        self.check_launch(&launch)?;
        let graph = *self.nodes.get(node)?;
        let executable = self.executables.get(executable)?;
        if executable.graph != graph {
            return Err(Code::InvalidValue);
        }
        let own = executable.nodes.iter_mut().find(|(own, _)| *own == node.addr());
        let (_, own) = own.filter(|(_, own)| own.function == launch.function).ok_or(Code::InvalidValue)?;
        *own = launch;
        Ok(())
    }

    /// Makes the launches of a graph.
    pub(crate) fn launch_graph(&mut self, executable: *mut c_void) -> Result<(), Code> {
        let nodes = self.executables.get(executable)?.nodes.clone();
        nodes.iter().try_for_each(|(_, launch)| self.launch(launch))
    }

    /// Forgets a graph and its nodes.
    pub(crate) fn destroy_graph(&mut self, graph: *mut c_void) -> Result<(), Code> {
        self.graphs.remove(graph)?;
        self.nodes.retain(|of| *of != graph.addr());
        Ok(())
    }
}
