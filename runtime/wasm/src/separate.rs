//! A component and the data of its memory, apart.
//!
//! wasmtime copies a component's data into the memory of each new guest, where the memory is the
//! host's own. Most of it is never written, and is still there from the guest before. So it is taken
//! out of the component before that is compiled, and mapped into memory that stays: see
//! [`crate::memory`].

use std::ops::Range;

use wasmparser::{
    DataKind, DataSectionReader, Encoding, MemoryType, Operator, Parser, Payload, TypeRef,
};
use wasmtime::component::Component;
use wasmtime::{Engine, Result};

use crate::compiled::{Compiled, Data};

/// The most that lies between the first byte of data and the last.
const MAX_SPAN: usize = 1 << 20;

/// Sections of a core module (WebAssembly core specification, "Binary Format", "Modules").
const CUSTOM_SECTION: u8 = 0;
const DATA_SECTION: u8 = 11;

/// A page of linear memory, in bytes.
const WASM_PAGE: u64 = 64 << 10;

/// Compiles a component without its data, if that can be told from the rest.
///
/// # Errors
/// wasmtime's.
pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Result<Compiled> {
    if let Some((bare, data)) = separate(component, rustix::param::page_size())
        // Code may use data that is not there any more (`memory.init`): that is not valid.
        && let Ok(code) = engine.precompile_component(&bare)
        && has_one_memory(engine, &code)
    {
        return Ok(Compiled { code, data: Some(data) });
    }
    engine.precompile_component(component).map(Compiled::whole)
}

/// Whether an instance has one linear memory: a module may be instantiated more than once.
fn has_one_memory(engine: &Engine, code: &[u8]) -> bool {
    // SAFETY: this engine has just made it.
    let component = unsafe { Component::deserialize(engine, code) };
    let required = component.ok().and_then(|component| component.resources_required());
    required.is_some_and(|required| required.num_memories == 1)
}

/// Takes the data out of a component that has one memory, and one module with data, which is that
/// memory's. Nothing else moves: the section becomes a custom one.
fn separate(component: &[u8], page: usize) -> Option<(Vec<u8>, Data)> {
    let mut found = Found::default();
    for payload in Parser::new(0).parse_all(component) {
        // Of what is no valid component the compiler tells why.
        found.note(payload.ok()?)?;
    }
    let (memory_module, memory) = found.memory?;
    let (data_module, section) = found.data?;
    let plain = !memory.memory64 && !memory.shared && memory.page_size_log2.is_none();
    if memory_module != data_module || found.imports_memory.contains(&data_module) || !plain {
        return None;
    }
    let minimum = usize::try_from(memory.initial.checked_mul(WASM_PAGE)?).ok()?;
    let data = data(section.clone(), page, minimum)?;
    let mut bare = component.to_owned();
    let section = native(&section.range())?;
    bare[identifier(component, &section)?] = CUSTOM_SECTION;
    // Its name, which is empty.
    bare[section.start] = 0;
    if let Some((module, count)) = found.count
        && module == data_module
    {
        // Zero, in LEB128, in as many bytes.
        bare[count.clone()].fill(0x80);
        bare[count.end - 1] = 0;
    }
    Some((bare, data))
}

/// What matters of a component's modules, each told by its number.
#[derive(Default)]
struct Found<'a> {
    module: usize,
    memory: Option<(usize, MemoryType)>,
    imports_memory: Vec<usize>,
    data: Option<(usize, DataSectionReader<'a>)>,
    count: Option<(usize, Range<usize>)>,
}

impl<'a> Found<'a> {
    /// `None`: there is more than one of what there may be one of.
    fn note(&mut self, payload: Payload<'a>) -> Option<()> {
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => self.module += 1,
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.memory.replace((self.module, memory.ok()?)).is_none().then_some(())?;
                }
            }
            Payload::ImportSection(imports) => {
                let is_memory =
                    |import: wasmparser::Import<'_>| matches!(import.ty, TypeRef::Memory(_));
                if imports.into_imports().flatten().any(is_memory) {
                    self.imports_memory.push(self.module);
                }
            }
            Payload::DataCountSection { range, .. } => {
                self.count = Some((self.module, native(&range)?));
            }
            Payload::DataSection(section) if section.count() > 0 => {
                self.data.replace((self.module, section)).is_none().then_some(())?;
            }
            _ => {}
        }
        Some(())
    }
}

/// What the segments of a section make of a memory. `None`: one of them is put elsewhere, or at a
/// place that is not written down as a number, or beyond the memory's end.
fn data(section: DataSectionReader<'_>, page: usize, minimum: usize) -> Option<Data> {
    let mut segments = Vec::new();
    for segment in section {
        let segment = segment.ok()?;
        let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else { return None };
        let mut operators = offset_expr.get_operators_reader();
        let Ok(Operator::I32Const { value }) = operators.read() else { return None };
        let Ok(Operator::End) = operators.read() else { return None };
        // An address, without a sign.
        segments.push((value.cast_unsigned() as usize, segment.data));
    }
    let end = |(at, data): &(usize, &[u8])| at.checked_add(data.len());
    let start = segments.iter().map(|(at, _)| *at).min()? & !(page - 1);
    let mut last = 0;
    for segment in &segments {
        last = end(segment)?.max(last);
    }
    // At instantiation that is a trap.
    if last > minimum || last - start > MAX_SPAN {
        return None;
    }
    // Memory begins and ends in whole pages where pages are smaller than WebAssembly's.
    let mut bytes = vec![0; (last - start).next_multiple_of(page)];
    if bytes.is_empty() || start + bytes.len() > minimum {
        return None;
    }
    for (at, data) in segments {
        bytes[at - start..][..data.len()].copy_from_slice(data);
    }
    Some(Data { at: start, bytes, minimum })
}

/// A range of the component's bytes, which are in memory.
fn native(range: &Range<u64>) -> Option<Range<usize>> {
    Some(range.start.try_into().ok()?..range.end.try_into().ok()?)
}

/// Where the identifier of a data section stands, before its size.
fn identifier(component: &[u8], section: &Range<usize>) -> Option<usize> {
    // Of one to five bytes (LEB128).
    (1..=5).find_map(|digits| {
        let size = section.start.checked_sub(digits)?;
        let at = size.checked_sub(1)?;
        (component[at] == DATA_SECTION
            && leb128(&component[size..section.start]) == Some(section.len()))
        .then_some(at)
    })
}

/// The number that is written in exactly these bytes, in LEB128.
fn leb128(bytes: &[u8]) -> Option<usize> {
    let (last, others) = bytes.split_last()?;
    let complete = *last < 0x80 && others.iter().all(|byte| *byte >= 0x80);
    complete.then(|| bytes.iter().rev().fold(0, |n, byte| n << 7 | usize::from(byte & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    fn of(component: &str) -> Option<Data> {
        let component = wat::parse_str(component).unwrap();
        let (bare, data) = separate(&component, PAGE)?;
        wasmparser::Validator::new().validate_all(&bare).unwrap();
        assert_eq!(bare.len(), component.len());
        assert!(separate(&bare, PAGE).is_none());
        Some(data)
    }

    #[test]
    fn data_is_taken_out() {
        let data = of(r#"(component
            (core module (func))
            (core module
                (memory 1 2)
                (data (i32.const 5000) "tea")
                (data (i32.const 4096) "\01")
                (data (i32.const 5001) "o")))"#)
        .unwrap();
        assert_eq!((data.at, data.bytes.len(), data.minimum), (4096, 4096, 65536));
        assert_eq!(data.bytes[0], 1);
        assert_eq!(&data.bytes[5000 - 4096..][..4], b"toa\0");
        assert_eq!(data.bytes.iter().filter(|byte| **byte != 0).count(), 4);
    }

    #[test]
    fn a_count_of_segments_goes_with_them() {
        // A memory of a page, a count of one, in two bytes, and the segment, with a size in three.
        let module = b"\0asm\x01\0\0\0\x05\x03\x01\x00\x01\x0c\x02\x81\x00\x0b\x87\x80\x00\x01\x00\x41\x00\x0b\x01x";
        let mut component = b"\0asm\x0d\0\x01\0\x01".to_vec();
        component.push(module.len() as u8);
        component.extend_from_slice(module);
        let (bare, data) = separate(&component, PAGE).unwrap();
        wasmparser::Validator::new().validate_all(&bare).unwrap();
        assert_eq!(data.bytes[..2], *b"x\0");
    }

    #[test]
    fn code_that_uses_segments_brings_them() {
        let engine = Engine::default();
        let component = |code: &str| {
            let module = format!("(memory 1) (data (i32.const 0) \"x\") (func {code})");
            let instances = "(core instance (instantiate $m))";
            wat::parse_str(format!("(component (core module $m {module}) {instances})")).unwrap()
        };
        assert!(compile(&engine, &component("")).unwrap().data.is_some());
        assert!(compile(&engine, &component("(data.drop 0)")).unwrap().data.is_none());
    }

    #[test]
    fn a_module_that_is_instantiated_twice_keeps_its_data() {
        let module = r#"(core module $m (memory 1) (data (i32.const 0) "x"))"#;
        let instance = "(core instance (instantiate $m))";
        let component = wat::parse_str(format!("(component {module} {instance} {instance})"));
        assert!(compile(&Engine::default(), &component.unwrap()).unwrap().data.is_none());
    }

    #[test]
    fn what_is_not_simple_stays() {
        for component in [
            // No data.
            r#"(component (core module (memory 1)))"#,
            r#"(component (core module (memory 1) (data (i32.const 0) "")))"#,
            // Two memories, in one module or two.
            r#"(component (core module (memory 1) (memory 1) (data (i32.const 0) "x")))"#,
            r#"(component
                (core module (memory 1) (data (i32.const 0) "x"))
                (core module (memory 1)))"#,
            // Two modules with data.
            r#"(component
                (core module (memory 1) (data (i32.const 0) "x"))
                (core module (import "" "" (memory 1)) (data (i32.const 1) "x")))"#,
            // Another's memory.
            r#"(component
                (core module (memory 1))
                (core module (import "" "" (memory 1)) (data (i32.const 1) "x")))"#,
            // Beyond the end, far apart, or who knows where.
            r#"(component (core module (memory 1) (data (i32.const 65536) "x")))"#,
            r#"(component (core module (memory 1) (data (i32.const -1) "x")))"#,
            r#"(component (core module
                (memory 99) (data (i32.const 0) "x") (data (i32.const 1048576) "x")))"#,
            r#"(component (core module
                (import "" "" (global i32)) (memory 1) (data (global.get 0) "x")))"#,
            // Passive, wide, shared.
            r#"(component (core module (memory 1) (data "x")))"#,
            r#"(component (core module (memory i64 1) (data (i64.const 0) "x")))"#,
            r#"(component (core module (memory 1 1 shared) (data (i32.const 0) "x")))"#,
            // No component.
            "(module)",
        ] {
            let bytes = wat::parse_str(component).unwrap();
            assert!(separate(&bytes, PAGE).is_none(), "{component}");
        }
        assert!(separate(b"\0asm\x0d\0\x01\0garbage", PAGE).is_none());
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(leb128(&[0]), Some(0));
        assert_eq!(leb128(&[0x80, 0x80, 0x00]), Some(0));
        assert_eq!(leb128(&[0xe5, 0x8e, 0x26]), Some(624_485));
        assert_eq!(leb128(&[0x80]), None);
        assert_eq!(leb128(&[0, 0]), None);
        assert_eq!(leb128(&[]), None);
    }
}
