//! The handler, between the invocations of an isolate that serves several.

use std::any::Any;
use std::cell::RefCell;

use crate::Error;

thread_local! {
    /// A component has one handler, whose type only the macro's caller can name.
    static KEPT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// The handler that an earlier invocation of this isolate has left; else the set-up's.
pub(super) async fn take<H: 'static>(
    init: impl Future<Output = Result<H, Error>>,
) -> Result<H, Error> {
    match KEPT.take().and_then(|kept| kept.downcast().ok()) {
        Some(handler) => Ok(*handler),
        None => init.await,
    }
}

/// Keeps the handler for the next invocation.
pub(super) fn put<H: 'static>(handler: H) {
    KEPT.set(Some(Box::new(handler)));
}
