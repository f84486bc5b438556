use std::io::Write as _;

use wasmtime::component::Component;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::*;

/// A component with code, data and an import, so that every section is there.
const COMPONENT: &str = r#"(component
    (import "host" (func $host))
    (core module $module
        (import "" "host" (func $host))
        (memory (export "memory") 1)
        (data (i32.const 8) "data")
        (func (export "run") (param f64) (result f64)
            call $host
            (f64.floor (local.get 0))))
    (core func $lowered (canon lower (func $host)))
    (core instance $instance (instantiate $module
        (with "" (instance (export "host" (func $lowered))))))
    (func (export "run") (param "x" float64) (result float64)
        (canon lift (core func $instance "run"))))"#;

fn component() -> Vec<u8> {
    wat::parse_str(COMPONENT).unwrap()
}

fn file(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// As a host does it that keeps nothing.
fn load(engine: &wasmtime::Engine, file: &std::fs::File) -> Result<Component, AotError> {
    super::load(engine, file, origin(file)?)
}

fn host() -> Target {
    Target::host().expect("tests run on an architecture that Lambda has")
}

fn other() -> Target {
    Target::ALL.into_iter().find(|target| *target != host()).unwrap()
}

/// The engines that load such code: a pool, as `samovar up` has; a small one and none, as the
/// layer may.
fn engines() -> [wasmtime::Engine; 3] {
    let mut small = PoolingAllocationConfig::new();
    small.total_memories(1).total_core_instances(4).total_component_instances(1);
    let with = |strategy: InstanceAllocationStrategy| {
        let mut config: Config = crate::settings::code(crate::settings::Content::Mapped);
        config.allocation_strategy(strategy);
        wasmtime::Engine::new(&config).unwrap()
    };
    [
        crate::engine::mapped().unwrap().engine,
        with(InstanceAllocationStrategy::Pooling(small)),
        with(InstanceAllocationStrategy::OnDemand),
    ]
}

#[test]
fn what_is_compiled_for_this_machine_loads_here_whatever_allocates() {
    let compiled = compile(&component(), host()).unwrap();
    assert!(is_compiled(&compiled));
    for engine in engines() {
        let component = load(&engine, &file(&compiled)).unwrap();
        assert!(component.get_export_index(None, "run").is_some());
    }
}

#[test]
fn code_for_another_machine_is_refused() {
    let compiled = compile(&component(), other()).unwrap();
    for engine in engines() {
        let error = load(&engine, &file(&compiled)).unwrap_err();
        assert!(matches!(error, AotError::Target { .. }), "{error}");
        let names = [host().as_str(), other().as_str()];
        assert!(names.iter().all(|name| error.to_string().contains(name)), "{error}");
    }
}

#[test]
fn no_part_of_a_file_is_executed() {
    let compiled = compile(&component(), host()).unwrap();
    let engine = crate::engine::mapped().unwrap().engine;
    for length in [0, 4, compiled.len() / 2, compiled.len() - 1] {
        let error = load(&engine, &file(&compiled[..length])).unwrap_err();
        assert!(matches!(error, AotError::Broken(_)), "{error}");
    }
    let mut changed = compiled.clone();
    changed[compiled.len() / 2] ^= 1;
    let error = code(&changed).unwrap_err();
    assert!(matches!(error, AotError::Broken(Broken::Changed)), "{error}");
}

#[test]
fn what_only_claims_to_be_code_is_refused_by_wasmtime() {
    let engine = crate::engine::mapped().unwrap().engine;
    let sealed = seal_as(b"\x7fELF and nothing else".to_vec(), &super::load::label(host(), false));
    let error = load(&engine, &file(&sealed)).unwrap_err();
    assert!(matches!(error, AotError::Incompatible { .. }), "{error}");
    let sealed = seal_as(b"\x7fELF".to_vec(), "another label");
    let error = load(&engine, &file(&sealed)).unwrap_err();
    assert!(matches!(error, AotError::NotCompiled), "{error}");
}

#[test]
fn code_with_other_settings_is_refused() {
    let code = wasmtime::Engine::default().precompile_component(&component()).unwrap();
    let sealed = seal_as(code, &super::load::label(host(), false));
    let error = load(&crate::engine::mapped().unwrap().engine, &file(&sealed)).unwrap_err();
    assert!(matches!(error, AotError::Incompatible { .. }), "{error}");
}

#[test]
fn only_components_are_compiled() {
    for wrong in [b"".as_slice(), b"hello", b"\0as"] {
        assert!(matches!(compile(wrong, host()), Err(AotError::NotWasm)));
    }
    for wrong in [b"\0asm".as_slice(), &wat::parse_str("(module)").unwrap()] {
        assert!(matches!(compile(wrong, host()), Err(AotError::Invalid(_))));
    }
}

#[test]
fn the_same_component_compiles_to_the_same_bytes() {
    for target in Target::ALL {
        let [one, two] = [(); 2].map(|()| compile(&component(), target).unwrap());
        assert!(one == two, "{target}");
    }
}

#[test]
fn targets_have_lambdas_names() {
    for target in Target::ALL {
        assert_eq!(target.to_string().parse(), Ok(target));
    }
    assert_eq!("aarch64".parse::<Target>(), Err(UnknownTarget));
}

fn seal_as(mut code: Vec<u8>, label: &str) -> Vec<u8> {
    crate::seal::seal(&mut code, label);
    code
}

#[test]
fn a_core_module_that_is_a_command_is_compiled() {
    let module = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    let compiled = compile(&wat::parse_str(module).unwrap(), host()).unwrap();
    for engine in engines() {
        load(&engine, &file(&compiled)).unwrap();
    }
    let error = compile(&wat::parse_str("(module)").unwrap(), host()).unwrap_err();
    assert!(error.to_string().contains("core module"), "{error}");
}

#[test]
fn a_component_of_wasi_3_is_for_its_own_engine() {
    let wat = r#"(component
        (import "wasi:random/random@0.3.0" (instance))
        (core module $module (memory 1) (data (i32.const 8) "data"))
        (core instance (instantiate $module)))"#;
    let compiled = compile(&wat::parse_str(wat).unwrap(), host()).unwrap();
    assert!(is_concurrent(&compiled));
    assert!(origin(&file(&compiled)).unwrap().is_concurrent);
    load(&crate::engine::concurrent().unwrap().engine, &file(&compiled)).unwrap();
    let error = load(&crate::engine::mapped().unwrap().engine, &file(&compiled)).unwrap_err();
    assert!(matches!(error, AotError::Incompatible { .. }), "{error}");
    let other = compile(&component(), host()).unwrap();
    assert!(!is_concurrent(&other) && !is_concurrent(b"\x7fELF"));
}
