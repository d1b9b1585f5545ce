//! Options about the guest: its console, its pins, and when a run with it ends.

use std::path::PathBuf;

use super::options;
use crate::edge::read_text;
use crate::qemu::pins::Wiring;
use crate::qemu::typing::Text;
use crate::time::Duration;
use crate::world::quantity::duration_text;

/// What is done with the guest, and what of it ends the run.
#[derive(Debug, clap::Args)]
pub struct GuestArgs {
    /// End the run with exit code 0 when the firmware prints a line with this text on its console. May be given several
    /// times.
    #[arg(long, value_name = "TEXT", requires = "console", value_parser = text)]
    exit_on: Vec<String>,
    /// End the run with exit code 121 when neither the wire nor the scenario has moved for this long (virtual time).
    #[arg(long, value_name = "TIME", value_parser = options::limit)]
    stall: Option<Duration>,
    /// Type on the firmware's console: '"wifi scan\n" at 5s', '"yes\r" after "[y/n]"', '"yes\r" 100ms after "[y/n]"', or
    /// '"exit\n"' right behind the one before. Virtual times; may be given several times, and they are typed in this order.
    #[arg(long = "type", value_name = "TEXT [WHEN]", requires = "console", value_parser = Text::parse)]
    typing: Vec<Text>,
    /// Type what is in this file, one such text a line, before those of --type. Lines that begin with # are left out.
    #[arg(long, value_name = "FILE", requires = "console")]
    type_file: Option<PathBuf>,
    /// Let virtual time go no faster than wall time, for people who type. The run is the same, only slower.
    #[arg(long)]
    pace: bool,
    /// Let the guest drive a pin of the module (en, gpio0, wake, rts): en=gpio0.3 (output 3 of that device in QEMU's object
    /// model), en=0x40010004.3 (bit 3 of the register there), or en=0x40020018.3/0x40020018.19 (a bit that raises, and one
    /// that lowers).
    #[arg(long, value_name = "PIN=PLACE", value_parser = Wiring::parse)]
    pin: Vec<Wiring>,
}

fn text(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("expected a text of at least one character".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

impl GuestArgs {
    /// The keys and values for the plugin.
    ///
    /// # Errors
    /// A sentence about the file of what is typed.
    pub fn plugin(&self) -> Result<Vec<(&'static str, String)>, String> {
        let mut all: Vec<(&'static str, String)> = Vec::new();
        all.extend(self.exit_on.iter().map(|text| ("exit-on", text.clone())));
        all.extend(self.stall.map(|stall| ("stall", duration_text(stall))));
        if let Some(path) = &self.type_file {
            let text = read_text(path).map_err(|e| e.to_string())?;
            let list = Text::list(&text).map_err(|e| format!("{}:{e}", path.display()))?;
            all.extend(list.iter().map(|text| ("type", text.source().to_owned())));
        }
        all.extend(self.typing.iter().map(|text| ("type", text.source().to_owned())));
        all.extend(self.pace.then(|| ("pace", "on".to_owned())));
        all.extend(self.pin.iter().map(|wiring| ("pin", wiring.to_string())));
        Ok(all)
    }

    /// The options that say the same, each with its value, for the command that repeats a run. `--pace` changes nothing in it.
    pub fn again(&self) -> Vec<(&'static str, String)> {
        let mut all: Vec<(&'static str, String)> = Vec::new();
        all.extend(self.exit_on.iter().map(|text| ("--exit-on", text.clone())));
        all.extend(self.stall.map(|stall| ("--stall", duration_text(stall))));
        all.extend(self.type_file.iter().map(|path| ("--type-file", path.display().to_string())));
        all.extend(self.typing.iter().map(|text| ("--type", text.source().to_owned())));
        all.extend(self.pin.iter().map(|wiring| ("--pin", wiring.to_string())));
        all
    }

    /// The file that is read.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.type_file.as_deref()
    }
}
