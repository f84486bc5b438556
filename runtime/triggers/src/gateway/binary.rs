//! Media types that are binary to a REST API.
//!
//! API Gateway guide, "Binary media types for REST APIs in API Gateway" and "Return binary media
//! from a Lambda proxy integration in API Gateway".

/// `BinaryMediaTypes` of a REST API, in lower case.
#[derive(Debug, Default)]
pub(crate) struct MediaTypes(Vec<String>);

/// What stands for every media type.
const EVERY: &str = "*/*";

impl MediaTypes {
    pub(crate) fn new(types: &[String]) -> Self {
        Self(types.iter().map(|kind| essence(kind)).collect())
    }

    /// Whether a body of this content type is binary. One without a type is JSON to a REST API.
    pub(crate) fn are_of_body(&self, content_type: Option<&str>) -> bool {
        self.contains(content_type.unwrap_or("application/json"))
    }

    /// Whether a client that sends this `Accept` gets the bytes of a body in base64: what it
    /// names first decides. Any other client gets the base64 text.
    pub(crate) fn are_accepted(&self, accept: Option<&str>) -> bool {
        let first = accept.and_then(|accept| accept.split(',').next());
        self.contains(first.unwrap_or("application/json"))
    }

    fn contains(&self, media_type: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let media_type = essence(media_type);
        self.0.iter().any(|binary| *binary == media_type || binary == EVERY)
    }
}

/// `image/png` of `Image/PNG; q=1`.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_without_their_parameters() {
        let types = MediaTypes::new(&["image/png".into(), "multipart/form-data".into()]);
        assert!(types.are_of_body(Some("multipart/form-data; boundary=x")));
        assert!(types.are_of_body(Some("IMAGE/PNG")));
        assert!(!types.are_of_body(Some("image/jpeg")) && !types.are_of_body(None));
    }

    /// API Gateway guide, "Return binary media from a Lambda proxy integration": the first type of
    /// `Accept` decides, and `*/*` among the API's types takes all.
    #[test]
    fn the_first_accepted_type_decides() {
        let types = MediaTypes::new(&["image/png".into()]);
        assert!(types.are_accepted(Some("image/png;q=0.5,text/html")));
        for other in [Some("text/html,image/png"), Some("*/*"), None] {
            assert!(!types.are_accepted(other), "{other:?}");
        }
        let every = MediaTypes::new(&["*/*".into()]);
        assert!(every.are_accepted(None) && every.are_of_body(None));
        let none = MediaTypes::default();
        assert!(!none.are_accepted(Some("*/*")) && !none.are_of_body(Some("image/png")));
    }
}
