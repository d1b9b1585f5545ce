//! What a world hands out beside the bytes on the wire: records, digests, what modules have saved.

use super::inputlog::{End, Writer};
use super::{
    Error, Interface, ModuleId, Observation, Packet, PinChange, Statistics, UartByte, Verdict, World,
    scenario,
};
use crate::capture::UartPacket;
use crate::time::Instant;

impl World {
    /// The next byte that came out of the module's log port (UART0), up to the time reached. Empty unless
    /// [`Recording::log_port`](super::Recording::log_port), and with `log-port = "merged"`. Nothing there asks a driver to come back.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn log_port_read(&mut self, module: ModuleId) -> Result<Option<UartByte>, Error> {
        self.slot_mut(module).map(|s| s.logged.pop_front())
    }

    /// The next change of a pin that the module drives, up to the time reached. Empty unless [`Recording::pins`](super::Recording::pins). A
    /// change that is left unread does not make [`World::next_event`] ask for it again.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn pin_read(&mut self, module: ModuleId) -> Result<Option<PinChange>, Error> {
        self.slot_mut(module).map(|s| s.pins.pop_front())
    }

    /// Warnings since the last call: one sentence each, with the virtual time.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Checks that there is a `subject`, the name of a module or host, of which `kind` can be observed. Both may be empty,
    /// which stands for any.
    ///
    /// # Errors
    /// One sentence with what there is.
    pub fn check_observation(&self, subject: &str, kind: &str) -> Result<(), String> {
        self.scenario.check_observation(subject, kind)
    }

    /// A warning of whoever carries this world's records: it waits with the world's own.
    pub(crate) fn warn(&mut self, sentence: String) {
        self.warnings.push(sentence);
    }

    /// Capture bytes (pcapng) since the last call. Empty unless [`Recording::capture`](super::Recording::capture).
    pub fn take_capture(&mut self) -> Vec<u8> {
        self.recorder.take_capture(self.settled())
    }

    /// What the capture holds, as values, since the last call, in the order of time. Lines of the console are observations
    /// ([`World::take_observations`]). Empty unless [`Recording::packets`](super::Recording::packets).
    pub fn take_packets(&mut self) -> Vec<Packet> {
        self.recorder.take_packets(self.settled())
    }

    /// Where packets are captured, in the order of their numbers. There are more of them when the first packet of one that
    /// comes later, such as a cable into a LAN, has been taken.
    pub fn interfaces(&self) -> &[Interface] {
        self.recorder.interfaces()
    }

    /// The interface with this number.
    ///
    /// # Errors
    /// [`Error::Capture`] when there is none.
    pub fn interface(&self, number: usize) -> Result<&Interface, Error> {
        let all = self.interfaces();
        all.get(number).ok_or_else(|| {
            Error::Capture(format!("there is no interface {number} to capture at, there are {}", all.len()))
        })
    }

    /// Bytes of the TLS key log since the last call: a line for each session in NSS's format, `CLIENT_RANDOM`, its
    /// random and its master secret. Empty unless [`Recording::keylog`](super::Recording::keylog).
    pub fn take_keylog(&mut self) -> Vec<u8> {
        self.recorder.take_keylog()
    }

    /// Everything up to here has been recorded.
    pub(super) fn settled(&self) -> Option<Instant> {
        match self.slots.len() {
            _ if self.finished => Some(Instant::MAX),
            1 => Some(self.network_horizon()),
            // Another module may still have something to tell of the very instant that the slowest has reached.
            _ => self.network_horizon().as_nanos().checked_sub(1).map(Instant::from_nanos),
        }
    }

    /// What has come of the scenario's expectations, in its order; [`Outcome::Open`](super::Outcome::Open) is none any
    /// more after [`World::finish`].
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.recorder.verdicts(self.network_horizon(), self.finished)
    }

    /// Input log bytes (text) since the last call. Empty unless [`Recording::log`](super::Recording::log).
    pub fn take_log(&mut self) -> Vec<u8> {
        match self.log.as_mut().or(self.closed_log.as_mut()) {
            Some(log) if self.hand_out_log => log.take(),
            _ => Vec::new(),
        }
    }

    /// The same, with what is written otherwise only when something else follows, or the world ends: for a run that comes
    /// no further, also behind a panic. What is put in afterwards follows in later calls.
    pub fn take_log_to_here(&mut self) -> Vec<u8> {
        let log = self.log.as_mut().or(self.closed_log.as_mut());
        log.map(Writer::take_to_here).unwrap_or_default()
    }

    /// The world as it is, for [`restore`](super::restore): its input log so far, closed with the digests of now. `None`
    /// unless [`Recording::snapshot`](super::Recording::snapshot).
    ///
    /// What the world has handed out by now counts as taken: a driver takes its bytes before, and keeps them itself.
    pub fn snapshot(&self) -> Option<Vec<u8>> {
        let end = End { digest: self.digest(), content_digest: self.content_digest() };
        match (&self.log, &self.closed_log) {
            (Some(log), _) => log.whole(Some(end)),
            (None, closed) => closed.as_ref()?.whole(None),
        }
    }

    /// Forgets what waits for a driver, and what waits to be written into the files of saved settings. Capture, key log
    /// and input log stay.
    pub(super) fn forget_outputs(&mut self) {
        for slot in &mut self.slots {
            slot.out.clear();
            slot.pins.clear();
            slot.logged.clear();
        }
        self.forget_cables();
        self.warnings.clear();
        self.take_dialogue();
        self.take_observations();
        self.take_saved();
    }

    /// The dialogue since the last call, each module's in the order of time; with several modules those of all come in the
    /// order in which their drivers' turns made them. Empty unless [`Recording::dialogue`](super::Recording::dialogue).
    pub fn take_dialogue(&mut self) -> Vec<(ModuleId, UartPacket)> {
        self.recorder.take_dialogue()
    }

    /// What happened since the last call, in the order of [`Observation::number`]. Empty unless [`Recording::observations`](super::Recording::observations).
    pub fn take_observations(&mut self) -> Vec<Observation> {
        self.recorder.take_observations()
    }

    /// How many observations were made so far: the number of the next one.
    pub fn observation_count(&self) -> u64 {
        self.recorder.observation_count()
    }

    /// All that a host's terminal has received so far, over TCP or UDP, in the order of its arrival. Empty unless
    /// [`Recording::host_received`](super::Recording::host_received).
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn host_received(&self, host: &str, udp: bool) -> Result<&[u8], Error> {
        if self.scenario.net.hosts.iter().any(|h| h.name == host) {
            return Ok(self.recorder.host_received(host, udp));
        }
        Err(Error::UnknownHost(host.to_owned()))
    }

    /// What modules with a file of their own have saved since the last call, as the text for that file. A module that
    /// has saved nothing new is not in it.
    pub fn take_saved(&mut self) -> Vec<(ModuleId, String)> {
        let mut changed = Vec::new();
        for index in std::mem::take(&mut self.unsaved) {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            if slot.handed_over != *slot.module.saved() {
                slot.handed_over = slot.module.saved().clone();
                let text = scenario::saved::text(slot.module.name(), &slot.handed_over);
                changed.push((ModuleId(index as u32), text));
            }
        }
        changed
    }

    /// Ends the recordings: open packets and the log's last line. Take what is left of them afterwards. The
    /// second call does nothing; inputs after the first are no longer logged.
    pub fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        for (index, slot) in self.slots.iter_mut().enumerate() {
            self.recorder.finish(index, self.order.reached(slot), &mut slot.remarks);
        }
        self.recorder.settle(Instant::MAX);
        let end = End { digest: self.digest(), content_digest: self.content_digest() };
        self.closed_log = self.log.take().map(|mut log| {
            log.end(end);
            log
        });
    }

    /// The digest of everything up to the time reached: shown as 16 hex digits.
    pub fn digest(&self) -> u64 {
        self.recorder.digest().value()
    }

    /// The content digest: the same without times.
    pub fn content_digest(&self) -> u64 {
        self.recorder.digest().content()
    }

    /// The digest of one module.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn module_digest(&self, module: ModuleId) -> Result<u64, Error> {
        self.slot(module).map(|s| self.recorder.digest().value_of(s.module.name()))
    }
}

impl Statistics {
    /// Calls `f` with the name and the place of each counter, in the order in which they are written.
    pub(crate) fn counters(&mut self, mut f: impl FnMut(&'static str, &mut u64)) {
        f("mcu_bytes", &mut self.mcu_bytes);
        f("module_bytes", &mut self.module_bytes);
        f("mcu_queue_max", &mut self.mcu_queue_max);
        f("mcu_overruns", &mut self.mcu_overruns);
        f("module_overruns", &mut self.module_overruns);
        f("frames_sent", &mut self.frames_sent);
        f("frames_received", &mut self.frames_received);
        f("frames_lost", &mut self.frames_lost);
        f("module_received", &mut self.module_received);
        f("module_framing_errors", &mut self.module_framing_errors);
        f("module_parity_errors", &mut self.module_parity_errors);
        f("mcu_received", &mut self.mcu_received);
        f("mcu_framing_errors", &mut self.mcu_framing_errors);
        f("mcu_parity_errors", &mut self.mcu_parity_errors);
        f("wire_lost", &mut self.wire_lost);
        f("module_unheard", &mut self.module_unheard);
    }
}
