//! What one template adds to the application.

use crate::model::{Api, Function, Layer, Output, Queue, Resource, Topic};

/// What one template, with its nested ones, adds to the application.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) description: Option<String>,
    pub(crate) functions: Vec<Function>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) apis: Vec<Api>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) outputs: Vec<Output>,
}

impl Parts {
    /// Adds what a nested application brings. Its outputs are its own.
    pub(crate) fn extend(&mut self, nested: Self) {
        self.functions.extend(nested.functions);
        self.layers.extend(nested.layers);
        self.apis.extend(nested.apis);
        self.queues.extend(nested.queues);
        self.topics.extend(nested.topics);
        self.resources.extend(nested.resources);
    }
}
