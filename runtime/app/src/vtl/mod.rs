//! Mapping templates: the part of the Velocity Template Language that API Gateway's templates
//! mostly use.
//!
//! API Gateway developer guide, "Mapping template reference for REST APIs"; Apache Velocity's "VTL
//! Reference". What is not among it is named with its line where a template is read, so that none
//! is served that would do something else.

mod parse;

pub use parse::Unsupported;

/// A template that can be rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Piece>);

/// One after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// `$name.step`: its value, or where it has none the source (nothing, if it is `$!name`).
    Print(Reference, String),
    /// `#set($name = value)`.
    Set(String, Expression),
    /// `#if`, each `#elseif`, and what `#else` has.
    If(Vec<(Expression, Vec<Self>)>, Vec<Self>),
    /// `#foreach($name in list)`.
    ForEach(String, Expression, Vec<Self>),
}

/// What has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Text with references in it.
    Text(Vec<Piece>),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// What a reference means.
    Reference(Reference),
    /// `!`.
    Not(Box<Self>),
    /// `&&`.
    And(Box<Self>, Box<Self>),
    /// `||`.
    Or(Box<Self>, Box<Self>),
    /// `==`.
    Equal(Box<Self>, Box<Self>),
    /// `!=`.
    NotEqual(Box<Self>, Box<Self>),
}

/// `$name` and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `input`, `context`, `stageVariables`, `util`, or a variable.
    pub name: String,
    /// From left to right.
    pub steps: Vec<Step>,
}

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.name`.
    Field(String),
    /// `.name(arguments)`.
    Call(String, Vec<Expression>),
    /// `[index]`.
    Index(Expression),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// It has what is not supported, or is no VTL.
    pub fn parse(text: &str) -> Result<Self, Unsupported> {
        parse::parse(text).map(Self)
    }
}
