//! YAML (and so JSON) text into [`Node`]s, with bounds on everything that a document can repeat.
//!
//! The dialect is CloudFormation's as the SAM CLI reads it: YAML 1.1 scalars, short-form tags for
//! intrinsic functions, anchors and merge keys allowed, duplicate keys not.

mod scalar;
mod surrogates;
mod tree;

use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScanError};

use crate::node::{Node, Place};
use crate::report::{Fault, Report};
use crate::source::Source;
use tree::Tree;

/// Deepest nesting. Deeper than any template that CloudFormation accepts, and shallow enough for
/// recursion over the tree.
pub(crate) const MAX_DEPTH: usize = 64;

/// Most nodes, aliases expanded. A template of ten thousand resources has some 200,000.
pub(crate) const MAX_NODES: usize = 1_000_000;

/// Parses the one document of a file. `None`: it could not be read to its end, and the report
/// says why. `what` it is: `template`.
pub(crate) fn parse(report: &Report, file: u16, what: &str) -> Option<Rc<Node>> {
    let source = report.source(file);
    let mut tree = Tree::default();
    let read = read(&source, file, what, &mut tree);
    let (root, faults) = tree.finish();
    for fault in faults {
        report.fault(fault);
    }
    if let Err(fault) = read {
        report.fault(fault);
        return None;
    }
    let root = root.map(Rc::new);
    if let Some(root) = &root {
        report.set_root(file, root.clone());
    }
    if root.is_none() {
        let at = Place { file, line: 1, column: 1, width: 1 };
        report.fault(match what {
            "template" => Fault::anywhere("the template is empty").help(
                "start with `Transform: AWS::Serverless-2016-10-31` and a `Resources` section"
                    .to_owned(),
            ),
            what => Fault::new(at, format!("the {what} is empty")),
        });
    }
    root
}

fn read(source: &Source, file: u16, what: &str, tree: &mut Tree) -> Result<(), Fault> {
    let text = surrogates::replaced(&source.text);
    let mut parser = Parser::new_from_str(&text);
    let mut documents = 0;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| not_yaml(source, file, &e))?;
        let width = if span.start.line() == span.end.line() {
            span.end.col().saturating_sub(span.start.col())
        } else {
            1
        };
        let at = place(file, span.start.line(), span.start.col(), width);
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(Fault::new(at, "a second YAML document starts here")
                        .help(format!("a {what} is one document: remove the `---` line")));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                tree.scalar(&text, style, anchor, tag.as_deref(), at)?;
            }
            Event::SequenceStart(anchor, tag) => tree.open_list(anchor, tag.as_deref(), at)?,
            Event::MappingStart(anchor, tag) => tree.open_map(anchor, tag.as_deref(), at)?,
            Event::SequenceEnd | Event::MappingEnd => tree.close()?,
            Event::Alias(anchor) => tree.alias(anchor, at)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    Ok(())
}

/// A parser's position (columns from 0) as a place (columns from 1).
fn place(file: u16, line: usize, column: usize, width: usize) -> Place {
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { file, line: narrow(line), column: narrow(column + 1), width: narrow(width.max(1)) }
}

/// The parser's complaint, with what to do about the usual causes.
fn not_yaml(source: &Source, file: u16, error: &ScanError) -> Fault {
    let marker = error.marker();
    let info = error.info();
    let mut at = place(file, marker.line(), marker.col(), 1);
    let tab =
        source.text.lines().nth(marker.line().saturating_sub(1)).and_then(|line| {
            line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')
        });
    if let Some(column) = tab {
        at = place(file, marker.line(), column, 1);
        return Fault::new(at, "not valid YAML: a tab indents this line")
            .help("indent with spaces: YAML forbids tabs there".to_owned());
    }
    if info.contains("recursion limit") {
        // The parser looks ahead, so its own limit may come first.
        return too_deep(at);
    }
    let help = if info.contains("mapping values are not allowed") {
        "check the indentation of this line and the one before; a value that has `: ` in it \
         needs quotes"
    } else if info.contains("unexpected end of stream") || info.contains("unclosed") {
        "close the quote or bracket that is open here"
    } else if info.contains("unexpected character") {
        "put the value in quotes"
    } else if info.contains("unknown anchor") {
        "define the anchor (`&name`) before the alias (`*name`)"
    } else {
        "check the indentation, quotes and brackets up to this place"
    };
    Fault::new(at, format!("not valid YAML: {info}")).help(help.to_owned())
}

/// Nested more than [`MAX_DEPTH`] levels.
fn too_deep(at: Place) -> Fault {
    Fault::new(at, format!("nested more than {MAX_DEPTH} levels deep"))
        .help("flatten the template: CloudFormation would not take it either".to_owned())
}

#[cfg(test)]
mod tests;
