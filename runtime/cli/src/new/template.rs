//! Adds resources to a template's text and leaves all other bytes as they are.

use std::path::{Path, PathBuf};

use super::NewError;
use super::survey::{Form, Section, Survey, Unreadable, survey};

/// What a new template begins with.
const HEAD: &str = "AWSTemplateFormatVersion: \"2010-09-09\"\n\
                    Transform: AWS::Serverless-2016-10-31\n\nResources:\n";

/// How deep resources are in a template that has none.
const INDENT: usize = 2;

/// A template that is there.
pub(super) struct Template {
    path: PathBuf,
    text: String,
    survey: Survey,
}

/// A template with resources alone; `resources` has two blanks a level.
pub(super) fn new(resources: &str) -> String {
    HEAD.to_owned() + &indented(resources, INDENT, "\n")
}

impl Template {
    /// Reads a template to which resources can be added. Errors name it as `shown`.
    ///
    /// # Errors
    /// The file cannot be read, is no YAML, or is written in a way that nothing can be added to.
    pub(super) fn read(path: &Path, shown: PathBuf) -> Result<Self, NewError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| NewError::Read { path: shown.clone(), error: error.to_string() })?;
        let refused = |why: String| NewError::Template { path: shown.clone(), why };
        let survey = survey(&text).map_err(|unreadable| {
            refused(match unreadable {
                Unreadable::TooLong => "it is longer than any template that AWS takes".to_owned(),
                Unreadable::NotYaml(line, why) => {
                    format!("line {line} is not valid YAML ({why}): see `samovar check`")
                }
                Unreadable::NoTemplate => "it is not one YAML document with sections".to_owned(),
            })
        })?;
        if survey.is_flow {
            let why = "it is JSON, and resources are added to YAML only: make the function in an \
                       empty folder, and copy its folder and its resources from there";
            return Err(refused(why.to_owned()));
        }
        if !survey.has_transform && !text.trim().is_empty() {
            let why = "SAM's resources need a line `Transform: AWS::Serverless-2016-10-31`: add it";
            return Err(refused(why.to_owned()));
        }
        if let Some(Section { line, form: Form::Other, .. }) = survey.resources {
            let why = format!("line {line}: write `Resources` as an indented block, not in braces");
            return Err(refused(why));
        }
        Ok(Self { path: shown, text, survey })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The only HTTP API that the template declares, to which routes go.
    pub(super) fn http_api(&self) -> Option<&str> {
        let mut apis =
            self.resources().iter().filter(|(_, kind)| kind == "AWS::Serverless::HttpApi");
        let (id, _) = apis.next()?;
        apis.next().is_none().then_some(id)
    }

    fn resources(&self) -> &[(String, String)] {
        self.survey.resources.as_ref().map_or(&[], |section| &section.resources)
    }

    /// The text with these resources at the end of the section. `ids` are theirs.
    ///
    /// # Errors
    /// One of them is there already, or the text cannot be added to safely.
    pub(super) fn with(&self, resources: &str, ids: &[String]) -> Result<String, NewError> {
        if self.text.trim().is_empty() {
            return Ok(new(resources));
        }
        let refused = |why: String| NewError::Template { path: self.path.clone(), why };
        if let Some((taken, _)) = self.resources().iter().find(|(id, _)| ids.contains(id)) {
            let why = format!("it has a resource {taken} already: give the function another name");
            return Err(refused(why));
        }
        let text = self.inserted(resources);
        // The parser judges what was done by lines: all is as it was, and the new ids are last.
        let mut expected: Vec<&str> = self.resources().iter().map(|(id, _)| id.as_str()).collect();
        expected.extend(ids.iter().map(String::as_str));
        let found = survey(&text).ok().and_then(|survey| survey.resources);
        let found = found.map(|section| section.resources).unwrap_or_default();
        let is_added = found.iter().map(|(id, _)| id.as_str()).eq(expected);
        let section = self.survey.resources.as_ref();
        let gone = usize::from(section.is_some_and(|section| section.form == Form::Empty));
        if !is_added || !same_but_for(&self.text, &text, gone) {
            let why = "nothing can be added to its `Resources` safely: make the function in an \
                       empty folder, and copy its folder and its resources from there";
            return Err(refused(why.to_owned()));
        }
        Ok(text)
    }

    fn inserted(&self, resources: &str) -> String {
        let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        let Some(section) = &self.survey.resources else {
            let mut text = ended(&lines, newline);
            text += &format!("{newline}Resources:{newline}");
            return text + &indented(resources, INDENT, newline);
        };
        let (indent, has_some) = match section.form {
            Form::Block(columns) => (columns, true),
            Form::Empty | Form::Other => (INDENT, false),
        };
        let end = section.next.map_or(lines.len(), |line| line - 1);
        // Blank lines and comments before the next section are that section's.
        let is_content = |line: &&str| !(line.trim().is_empty() || line.starts_with(['#', '.']));
        let last = lines[..end].iter().rposition(is_content).map_or(end, |last| last + 1);
        let (before, after) = lines.split_at(last.max(section.line));
        let mut text = ended(before, newline);
        if has_some {
            text += newline;
        }
        text += &indented(resources, indent, newline);
        if after.first().is_some_and(|line| !line.trim().is_empty()) {
            text += newline;
        }
        text + &after.concat()
    }
}

/// Lines, the last of which has an end too.
fn ended(lines: &[&str], newline: &str) -> String {
    let mut text = lines.concat();
    if !text.is_empty() && !text.ends_with('\n') {
        text += newline;
    }
    text
}

/// Text of two blanks a level, whose first level is `indent` columns deep, and each further one as
/// much.
fn indented(text: &str, indent: usize, newline: &str) -> String {
    let line = |line: &str| {
        let content = line.trim_start();
        match content.is_empty() {
            true => newline.to_owned(),
            false => {
                let level = (line.len() - content.len()) / 2 + 1;
                format!("{}{content}{newline}", " ".repeat(level * indent.max(1)))
            }
        }
    };
    text.lines().map(line).collect()
}

/// Whether a text is another one with lines put in at one place, and means the same around them.
/// `gone`: how many nodes of the old one may go; an empty section is one.
fn same_but_for(old: &str, new: &str, gone: usize) -> bool {
    let (Some(old), Some(new)) = (events(old), events(new)) else { return false };
    let same = |(one, other): &(&String, &String)| one == other;
    let before = old.iter().zip(&new).take_while(same).count();
    let after = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    before + after + gone >= old.len()
}

/// What the parser sees, without places.
fn events(text: &str) -> Option<Vec<String>> {
    let mut parser = saphyr_parser::Parser::new_from_str(text);
    let mut events = Vec::new();
    while let Some(event) = parser.next_event() {
        events.push(format!("{:?}", event.ok()?.0));
    }
    Some(events)
}

#[cfg(test)]
mod tests;
