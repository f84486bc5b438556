//! The cargo package of a new function.

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::form::{Dependency, Form};
use super::name::Name;
use super::source::Source;
use super::workspace::Workspace;

/// `Cargo.toml`. What the workspace shares is taken from there.
pub(super) fn manifest(
    name: &Name,
    form: Form,
    workspace: Option<&Workspace>,
    function: &Item,
) -> String {
    let shared = |table: &str, key: &str| workspace.is_some_and(|w| w.shares(table, key));
    let mut document = DocumentMut::new();
    let mut package = Table::new();
    package["name"] = toml_edit::value(&name.package);
    package["description"] = toml_edit::value(form.description());
    for (key, own) in [
        ("version", Some(Value::from("0.1.0"))),
        ("edition", Some(Value::from("2024"))),
        ("rust-version", None),
        ("license", None),
        ("publish", Some(Value::from(false))),
    ] {
        match own {
            _ if shared("package", key) => package[key] = inherited(),
            Some(own) => package[key] = Item::Value(own),
            None => {}
        }
    }
    document["package"] = Item::Table(package);
    if workspace.is_some_and(|workspace| workspace.has("lints")) {
        let mut lints = Table::new();
        lints["workspace"] = toml_edit::value(true);
        document["lints"] = Item::Table(lints);
    }
    let table = |list: Vec<Dependency>| {
        let mut table = Table::new();
        for dependency in list {
            table[dependency.name] = match shared("dependencies", dependency.name) {
                true => of_workspace(&dependency),
                false => of_registry(&dependency),
            };
        }
        table
    };
    let mut dependencies = table(form.dependencies());
    dependencies["samovar-function"] = function.clone();
    dependencies.sort_values();
    document["dependencies"] = Item::Table(dependencies);
    document["dev-dependencies"] = Item::Table(table(form.dev_dependencies()));
    document.to_string()
}

/// `key.workspace = true`.
pub(super) fn inherited() -> Item {
    let mut table = Table::new();
    table.set_dotted(true);
    table["workspace"] = toml_edit::value(true);
    Item::Table(table)
}

fn features(dependency: &Dependency) -> Option<Value> {
    let features = dependency.features;
    (!features.is_empty()).then(|| Array::from_iter(features.iter().copied()).into())
}

fn of_workspace(dependency: &Dependency) -> Item {
    let Some(features) = features(dependency) else { return inherited() };
    let mut table = Table::new();
    table["workspace"] = toml_edit::value(true);
    table["features"] = Item::Value(features);
    toml_edit::value(table.into_inline_table())
}

fn of_registry(dependency: &Dependency) -> Item {
    let features = features(dependency);
    if features.is_none() && dependency.defaults {
        return toml_edit::value(dependency.version);
    }
    let mut table = Table::new();
    table["version"] = toml_edit::value(dependency.version);
    if !dependency.defaults {
        table["default-features"] = toml_edit::value(false);
    }
    if let Some(features) = features {
        table["features"] = Item::Value(features);
    }
    toml_edit::value(table.into_inline_table())
}

/// A dependency on the crate itself.
pub(super) fn by_source(source: &Source) -> Item {
    toml_edit::value(source.dependency().into_inline_table())
}

/// `Makefile`: builds the component, as `sam build` and Samovar want it. `up` leads from the
/// package to the root of its workspace.
pub(super) fn makefile(name: &Name, up: &str) -> String {
    let Name { package, logical_id } = name;
    format!(
        "# `sam build` makes `build-LOGICALID` here and deploys what it finds in ARTIFACTS_DIR.\n\
         TARGET_DIR := $(or $(CARGO_TARGET_DIR),{up}target)\n\
         \n\
         build-{logical_id}:\n\
         \tcargo build --release --target wasm32-wasip2 --bin {package} --target-dir $(TARGET_DIR)\n\
         \tcp $(TARGET_DIR)/wasm32-wasip2/release/{package}.wasm $(ARTIFACTS_DIR)\n"
    )
}
