//! `samovar check`: what a template declares, or what is wrong with it.

mod document;

use std::process::ExitCode;

use samovar_app::{App, Diagnostics};

use self::document::Document;
use crate::args::{self, Format};
use crate::settings::{self, Settings};
use crate::terminal::{Overview, Style, faults, say, warn};

/// Something is at fault.
const FAULTY: u8 = 1;

/// A file cannot be read.
const UNREADABLE: u8 = 2;

/// Loads the application, and says what it is: on standard output in either format, but for faults
/// as text, which go to standard error.
pub(crate) fn check(options: &args::Check) -> ExitCode {
    let settings = settings::read(&options.application);
    let result = settings.as_ref().map_err(Clone::clone).and_then(load);
    let settings = settings.ok();
    match options.format {
        Format::Text => text(settings.as_ref(), &result),
        Format::Json => {
            let named = options.application.template.as_deref();
            say(Document::new(named, settings.as_ref(), result.as_ref()));
        }
    }
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(faults) if faults.is_unreadable() => UNREADABLE.into(),
        Err(_) => FAULTY.into(),
    }
}

fn load(settings: &Settings) -> Result<App, Diagnostics> {
    samovar_app::load(&settings.template, &settings.options)
}

fn text(settings: Option<&Settings>, result: &Result<App, Diagnostics>) {
    settings.iter().flat_map(|settings| &settings.skipped).for_each(warn);
    match (result, settings) {
        (Err(diagnostics), _) => faults(diagnostics),
        (Ok(app), Some(Settings { template, .. })) => {
            say(Overview { app, template, style: Style::stdout() });
        }
        // Without settings nothing was loaded.
        (Ok(_), None) => {}
    }
}
