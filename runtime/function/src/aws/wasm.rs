//! `wasi:http`, as the SDK's makers connect it.

use aws_smithy_wasm::wasi::{WasiHttpClientBuilder, WasiSleep};
use aws_types::sdk_config::{SharedAsyncSleep, SharedHttpClient};

pub(super) fn http_client() -> SharedHttpClient {
    WasiHttpClientBuilder::new().build()
}

pub(super) fn sleep() -> SharedAsyncSleep {
    SharedAsyncSleep::new(WasiSleep)
}
