//! `wasi:filesystem/preopens`: one directory, the root.

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::FilesView;
use crate::bindings::wasi::filesystem::preopens::Host;
use crate::descriptor::Descriptor;

impl Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let root = Descriptor::Directory(Arc::new(self.ctx.tree.root_of(self.ctx.caller)));
        Ok(vec![(self.table.push(root)?, "/".to_owned())])
    }
}
