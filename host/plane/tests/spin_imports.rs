//! What real Spin 4 would say to the application: composed as Spin composes it, every import that is left must be one
//! that Spin offers; and the pure components import nothing at all.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sandbar_plane::manifest;
use wac_graph::{CompositionGraph, EncodeOptions, types::Package};

/// Interfaces of Spin 4 that a component built with spin-sdk 7 may import, beside WASI.
const SPIN: [&str; 3] = [
    "spin:sqlite/sqlite@3.1.0",
    "spin:key-value/key-value@3.0.0",
    "spin:variables/variables@3.0.0",
];

/// Packages of WASI that Spin links, at 0.2.x and 0.3.0.
const WASI: [&str; 7] = ["io", "cli", "clocks", "random", "filesystem", "sockets", "http"];

fn is_offered(import: &str) -> bool {
    if SPIN.contains(&import) {
        return true;
    }
    let Some((name, version)) = import.split_once('@') else {
        return false;
    };
    let package = name
        .strip_prefix("wasi:")
        .and_then(|rest| rest.split_once('/'))
        .map(|(package, _)| package);
    package.is_some_and(|package| WASI.contains(&package)) && (version == "0.3.0" || version.starts_with("0.2."))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}; run the tests by `cargo xtask test`", path.display()))
}

fn package(graph: &mut CompositionGraph, name: &str, path: &Path) -> Package {
    Package::from_bytes(name, None, read(path), graph.types_mut())
        .unwrap_or_else(|e| panic!("{}: {e:#}", path.display()))
}

/// Imports of one component, and its exports.
fn interface(path: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut graph = CompositionGraph::new();
    let package = package(&mut graph, "one:component", path);
    let world = &graph.types()[package.ty()];
    (
        world.imports.keys().cloned().collect(),
        world.exports.keys().cloned().collect(),
    )
}

fn application() -> manifest::Application {
    manifest::load(&common::manifest(), &BTreeMap::new()).expect("the repository's manifest")
}

#[test]
fn the_composed_application_imports_only_what_spin_offers() {
    for (id, component) in application().components {
        let mut graph = CompositionGraph::new();
        let main = package(&mut graph, "sandbar-main:component", &component.source);
        let world = main.ty();
        let imports: BTreeSet<String> = graph.types()[world].imports.keys().cloned().collect();
        let exports: Vec<String> = graph.types()[world].exports.keys().cloned().collect();
        let main = graph.register_package(main).expect("registered");
        let main = graph.instantiate(main);
        for (name, source) in &component.dependencies {
            let (_, exported) = interface(source);
            assert!(exported.contains(name), "{} does not export {name}", source.display());
            assert!(
                imports.contains(name),
                "{id} does not import {name}: the manifest is out of date"
            );
            // By package, as Spin registers them: two dependencies of one package would fail here.
            let registered = name.split_once('/').map_or(name.as_str(), |(package, _)| package);
            let dependency = package(&mut graph, registered, source);
            let dependency = graph
                .register_package(dependency)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            let dependency = graph.instantiate(dependency);
            let export = graph
                .alias_instance_export(dependency, name)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            graph
                .set_instantiation_argument(main, name, export)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        for name in exports {
            let export = graph.alias_instance_export(main, &name).expect("an export of its own");
            graph.export(export, name).expect("exported once");
        }
        let bytes = graph
            .encode(EncodeOptions::default())
            .unwrap_or_else(|e| panic!("{id} does not compose: {e}"));
        let mut composed = CompositionGraph::new();
        let whole = Package::from_bytes("composed:app", None, bytes, composed.types_mut()).expect("a component");
        let world = &composed.types()[whole.ty()];
        let missing: Vec<&String> = world.imports.keys().filter(|import| !is_offered(import)).collect();
        assert!(missing.is_empty(), "Spin offers {id} no {missing:?}");
        assert!(!world.imports.is_empty() && world.exports.keys().any(|e| e.starts_with("wasi:http/handler@0.3")));
    }
}

#[test]
fn every_component_imports_only_what_spin_or_the_manifest_offers() {
    for component in application().components.values() {
        let (imports, _) = interface(&component.source);
        for import in imports {
            assert!(
                is_offered(&import) || component.dependencies.contains_key(&import),
                "nobody offers {import}"
            );
        }
        for (name, source) in &component.dependencies {
            let (imports, _) = interface(source);
            // Dependencies have no dependencies.
            let missing: Vec<_> = imports.iter().filter(|import| !is_offered(import)).collect();
            assert!(missing.is_empty(), "Spin offers the provider of {name} no {missing:?}");
        }
    }
}

#[test]
fn the_pure_components_import_nothing() {
    for name in ["region", "scheduler"] {
        let (imports, exports) = interface(&common::component(name));
        assert!(imports.is_empty(), "{name} imports {imports:?}");
        assert!(!exports.is_empty(), "{name} exports nothing");
    }
}
