//! `espat-sim report`: a run as one page to look at.

use std::path::PathBuf;

use super::files;
use super::replay::read_log;
use crate::edge::Paths;
use crate::report::{Report, console};

/// Make a page to look at of an input log: UART, AT commands, links, packets, pins, queues and events on one axis of time.
///
/// The log is run again for it, as `espat-sim replay` does. The page is one HTML file that loads nothing from elsewhere. The
/// exit code is 0 when the page was made, 1 when it was and the digest is not the log's, 2 when it could not be made.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// The input log.
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// The page.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// What the run printed, for the firmware's console, in place of what the log has of it: the standard output of
    /// `espat-sim qemu --console N`, or Renode's log with a LoggingUartAnalyzer.
    #[arg(long, value_name = "FILE")]
    console: Option<PathBuf>,
}

/// Makes the page.
pub fn run(args: &ReportArgs) -> i32 {
    match report(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

fn report(args: &ReportArgs) -> Result<i32, String> {
    let mut paths = Paths::default();
    paths.read("the log", &args.log)?;
    if let Some(console) = &args.console {
        paths.read("--console", console)?;
    }
    paths.write("--output", &args.output)?;
    let text = read_log(&args.log)?;
    let printed = match &args.console {
        None => Vec::new(),
        Some(path) => {
            let printed = console::read(&files::text(path)?);
            if printed.is_empty() {
                return Err(format!(
                    "{} has no line of a console with its virtual time; expected lines as `espat-sim qemu --console N` \
                     prints them, `     7.652106         | PASS`",
                    path.display()
                ));
            }
            printed
        }
    };
    // Where a file lies is no part of the page: it is the same wherever it is made.
    let source = args.log.file_name().unwrap_or(args.log.as_os_str()).to_string_lossy().into_owned();
    let place = args.log.display();
    let report = Report::of(&text, &source, printed).map_err(|e| format!("{place}: {e}"))?;
    let page = report.html().map_err(|e| format!("{place}: {e}"))?;
    let Some(mut sink) = files::sink(Some(&args.output))? else { return Ok(0) };
    let bytes = page.len();
    sink.write(page.into_bytes()).map_err(|e| e.to_string())?;
    sink.finish().map_err(|e| e.to_string())?;
    for sentence in report.left_out() {
        say!("warning: {sentence}");
    }
    say!("report {}, {} KB", args.output.display(), bytes.div_ceil(1000));
    if report.is_same() == Some(false) {
        say!("DIFFERENT: the digest is not the log's, so the page shows another run");
        return Ok(1);
    }
    Ok(0)
}
