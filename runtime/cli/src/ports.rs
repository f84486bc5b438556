//! The ports of the front door: one for all that answers HTTP, one more for each further API.

use std::net::IpAddr;

use samovar_app::Api;
use samovar_http::{BindError, Reserved};

/// How many ports that others have are passed over for one API.
const MOST_TAKEN: u16 = 100;

/// A port that one API has for itself.
#[derive(Debug)]
pub(crate) struct ApiPort<P> {
    /// The API's logical id.
    pub(crate) api: String,
    pub(crate) port: P,
}

/// Holds a port for each API but the first, which `first` leads to: the next free ones after it,
/// in template order.
///
/// # Errors
/// There is none in reach, or the system refuses one.
pub(crate) fn of_further_apis(
    apis: &[Api],
    first: u16,
    listen: Option<IpAddr>,
) -> Result<Vec<ApiPort<Reserved>>, BindError> {
    let mut last = first;
    let mut ports = Vec::new();
    for api in apis.iter().skip(1) {
        let port = next_free(last, listen)?;
        last = port.port();
        ports.push(ApiPort { api: api.logical_id.clone(), port });
    }
    Ok(ports)
}

/// The next free port after another.
fn next_free(last: u16, listen: Option<IpAddr>) -> Result<Reserved, BindError> {
    let mut taken = 0;
    loop {
        taken += 1;
        // After the highest port, any that is free.
        let port = last.checked_add(taken).unwrap_or(0);
        match Reserved::with(port, listen) {
            Err(error) if error.is_taken() && taken < MOST_TAKEN && port != 0 => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_another_has_is_passed_over() {
        // They listen: a port that is only held can be had twice.
        let first = Reserved::new(0).unwrap().listen().unwrap();
        let second = next_free(first.port(), None).unwrap().listen().unwrap();
        assert_ne!(second.port(), first.port());
        let taken = second.port();
        let third = next_free(first.port(), None).unwrap();
        assert!(third.port() > taken, "{} is {taken}'s", third.port());
        assert!(next_free(u16::MAX, None).unwrap().port() > 0);
    }
}
