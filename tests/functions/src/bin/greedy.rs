//! Takes memory and uses it: `{"mb": 100}` → `{"mb": 100}`.

use std::hint::black_box;

use samovar_function::{Context, Error};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Event {
    mb: usize,
}

/// Allocates one MB after the other, each with a byte set in every page: what is only reserved
/// costs no memory.
async fn take(event: Event, _context: Context) -> Result<Value, Error> {
    let mut taken = Vec::new();
    for _ in 0..event.mb {
        let mut block = vec![0_u8; 1 << 20];
        block.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
        taken.push(black_box(block));
    }
    Ok(json!({"mb": taken.len()}))
}

samovar_function::event!(take);
