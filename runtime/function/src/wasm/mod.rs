//! The WASM build: a component for Samovar's world or for `wasi:http`.

mod diagnostic;
mod event;
mod http;
mod incoming;
mod kept;
mod log;
mod outgoing;

#[expect(missing_docs, reason = "bindgen-generated code")]
pub mod bindings {
    //! Bindings of the world `samovar:function/function`.
    wit_bindgen::generate!({
        path: "wit",
        world: "function",
        pub_export_macro: true,
        export_macro_name: "export_function",
        default_bindings_module: "samovar_function::__private::bindings",
        generate_all,
    });
}

pub use bindings::export_function;
pub use bindings::exports::samovar::function::handler;
pub use diagnostic::Diagnostic;
pub use event::{handle_event, run_command};
pub use http::handle_http;
#[cfg(feature = "client")]
pub(crate) use outgoing::of_connection;
pub use wasip2;

/// What must be in place before a function's own code runs.
fn prepare() {
    log::init();
    std::panic::set_hook(Box::new(|panic| {
        // One line, the last before the trap: the host puts it into the error that the caller
        // gets.
        let message = panic.payload_as_str().unwrap_or("(no message)");
        match panic.location() {
            Some(place) => eprintln!("Lambda panicked: {message}, at {place}"),
            None => eprintln!("Lambda panicked: {message}"),
        }
    }));
}

/// Implements a component's exports; see the native build for the documentation.
#[macro_export]
macro_rules! event {
    ($handler:expr $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            // The names below must not hide those that `$handler` uses, so they are either full
            // paths or names that nobody else has.
            fn __samovar_handle(
                event: &[u8],
                context: $crate::Context,
            ) -> ::std::result::Result<::std::vec::Vec<u8>, $crate::Diagnostic> {
                $crate::__private::handle_event(
                    async {
                        ::std::result::Result::Ok($crate::__private::event_handler($handler))
                    },
                    event,
                    context,
                )
            }

            struct __SamovarFunction;

            impl $crate::__private::handler::Guest for __SamovarFunction {
                fn handle(
                    event: ::std::vec::Vec<u8>,
                    context: $crate::__private::handler::Context,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<u8>,
                    $crate::__private::handler::Error,
                > {
                    __samovar_handle(&event, context.into()).map_err(::std::convert::Into::into)
                }
            }

            $crate::__private::export_function!(
                __SamovarFunction with_types_in $crate::__private::bindings
            );

            $crate::__private::run_command(__samovar_handle)
        }
    };
}

/// Implements a component's exports; see the native build for the documentation.
#[macro_export]
macro_rules! http {
    ($handler:expr $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            struct __SamovarFunction;

            impl $crate::__private::wasip2::exports::http::incoming_handler::Guest
                for __SamovarFunction
            {
                fn handle(
                    request: $crate::__private::wasip2::http::types::IncomingRequest,
                    response: $crate::__private::wasip2::http::types::ResponseOutparam,
                ) {
                    $crate::__private::handle_http(
                        async {
                            ::std::result::Result::Ok($crate::__private::http_handler($handler))
                        },
                        request,
                        response,
                    )
                }
            }

            $crate::__private::wasip2::http::proxy::export!(
                __SamovarFunction with_types_in $crate::__private::wasip2
            );

            eprintln!("This component has no command: it exports wasi:http/incoming-handler.");
            ::std::process::ExitCode::FAILURE
        }
    };
}
