//! What `samovar new` has to know of a template: where its resources are, and what they are called.

use saphyr_parser::{Event, Parser, ScanError, Span};

/// SAM's transform (SAM developer guide, "Transform").
const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// Longest template that is read: CloudFormation takes one of 1 MB.
const MAX_BYTES: usize = 4 << 20;

/// A template's outline.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Whether SAM's transform is asked for.
    pub(super) has_transform: bool,
    /// Whether the document is written with braces, as JSON is.
    pub(super) is_flow: bool,
    /// The section `Resources`.
    pub(super) resources: Option<Section>,
}

/// The section `Resources`. Lines count from 1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Where it begins.
    pub(super) line: usize,
    /// The line of the next section.
    pub(super) next: Option<usize>,
    pub(super) form: Form,
    /// Logical ids and types of its resources.
    pub(super) resources: Vec<(String, String)>,
}

/// How the section is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// `Resources:` with nothing behind.
    #[default]
    Empty,
    /// Indented, by this many columns.
    Block(usize),
    /// With braces, or as an alias.
    Other,
}

/// Why there is no survey.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Longer than any template.
    TooLong,
    /// The parser says why, and in which line.
    NotYaml(usize, String),
    /// Several documents, or one that is no mapping.
    NoTemplate,
}

impl From<ScanError> for Unreadable {
    fn from(error: ScanError) -> Self {
        Self::NotYaml(error.marker().line(), error.info().to_owned())
    }
}

/// A mapping or list that is open.
enum Open {
    /// With the key whose value comes next.
    Map(Option<String>),
    List,
}

/// Reads the outline of a template.
///
/// # Errors
/// The text is no YAML, or no template.
pub(super) fn survey(text: &str) -> Result<Survey, Unreadable> {
    if text.len() > MAX_BYTES {
        return Err(Unreadable::TooLong);
    }
    let mut survey = Survey::default();
    let mut open: Vec<Open> = Vec::new();
    let mut documents = 0;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event?;
        let is_flow = matches!(event, Event::MappingStart(..))
            && text.chars().nth(span.start.index()) == Some('{');
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(Unreadable::NoTemplate);
                }
            }
            Event::Scalar(text, ..) => {
                if let Some(Open::Map(key @ None)) = open.last_mut() {
                    *key = Some(text.to_string());
                    let at_key = open.len();
                    survey.key(&text, at_key, &open, span);
                } else {
                    survey.scalar(&text, &open);
                    close_value(&mut open);
                }
            }
            Event::Alias(_) => {
                survey.other(&open);
                close_value(&mut open);
            }
            Event::SequenceStart(..) => {
                survey.other(&open);
                open.push(Open::List);
            }
            Event::MappingStart(..) => {
                if open.is_empty() {
                    survey.is_flow = is_flow;
                }
                if path(&open) == ["Resources"]
                    && let Some(section) = &mut survey.resources
                {
                    section.form =
                        if is_flow { Form::Other } else { Form::Block(span.start.col()) };
                }
                open.push(Open::Map(None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                close_value(&mut open);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        if documents == 1 && open.is_empty() && !is_end(&mut parser)? {
            return Err(Unreadable::NoTemplate);
        }
    }
    Ok(survey)
}

/// Outside of all collections: whether what comes is a mapping or the end, and no root of another
/// kind.
fn is_end<'i, T: saphyr_parser::Input>(parser: &mut Parser<'i, T>) -> Result<bool, Unreadable> {
    Ok(match parser.peek() {
        None => true,
        Some(Ok((event, _))) => !matches!(event, Event::Scalar(..) | Event::SequenceStart(..)),
        Some(Err(error)) => return Err(error.into()),
    })
}

impl Survey {
    /// A key; it is the last of `open` by now.
    fn key(&mut self, key: &str, depth: usize, open: &[Open], at: Span) {
        let line = at.start.line();
        if depth == 1 {
            if let Some(section) = &mut self.resources {
                section.next.get_or_insert(line);
            } else if key == "Resources" {
                self.resources = Some(Section { line, ..Section::default() });
            }
        }
        let is_resource = depth == 2 && path(&open[..1]) == ["Resources"];
        if let Some(section) = self.resources.as_mut().filter(|_| is_resource) {
            section.resources.push((key.to_owned(), String::new()));
        }
    }

    fn scalar(&mut self, text: &str, open: &[Open]) {
        match path(open)[..] {
            ["Transform"] if text == TRANSFORM => self.has_transform = true,
            ["Resources", _, "Type"] => {
                let last = self.resources.as_mut().and_then(|section| section.resources.last_mut());
                if let Some((_, kind)) = last {
                    text.clone_into(kind);
                }
            }
            // `Resources: ~` is as empty as `Resources:`, but its line has something on it.
            ["Resources"] if !text.is_empty() && text != "~" => self.other(open),
            _ => {}
        }
    }

    /// Something that is no block mapping.
    fn other(&mut self, open: &[Open]) {
        if path(open) == ["Resources"]
            && let Some(section) = &mut self.resources
        {
            section.form = Form::Other;
        }
    }
}

/// The keys that lead to what comes next; lists add nothing.
fn path(open: &[Open]) -> Vec<&str> {
    let keys = open.iter().filter_map(|open| match open {
        Open::Map(key) => key.as_deref(),
        Open::List => None,
    });
    keys.collect()
}

/// A value has ended: what comes next in its mapping is a key.
fn close_value(open: &mut [Open]) {
    if let Some(Open::Map(key)) = open.last_mut() {
        *key = None;
    }
}
