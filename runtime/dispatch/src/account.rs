//! Whose application it is.

/// The account and region that events and ARNs name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// `us-east-1`.
    pub region: String,
}

impl Default for Account {
    /// Account `000000000000` in `us-east-1`.
    fn default() -> Self {
        Self { id: "000000000000".into(), region: "us-east-1".into() }
    }
}
