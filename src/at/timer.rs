//! Every timer of the firmware: a row for each, with what it stands for. What has to be done when one of them fires is
//! found by [`At::poll`], which looks at everything.

use super::{At, Phase, accept, receive};
use crate::net::mdns::Mdns;
use crate::time::{Instant, earliest};

/// A timer of the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// What the MCU has sent while a command runs, and not as a line, is over.
    Stray,
    /// A datagram has come in passive mode: the host is told how much waits.
    Notice,
    /// A complete line has been looked at: its command runs.
    Command,
    /// A command under way goes on or gives up: its answer is due, a scan is over, a name has not been found in time, the
    /// stack has taken nothing for SO_SNDTIMEO, a peer has not got everything within SO_LINGER.
    Job,
    /// The silence behind `+++` has cancelled AT+CIPSEND.
    Cancel,
    /// A block of AT+CIPSENDL or passthrough leaves, or silence has decided what a `+` is.
    Block,
    /// The stack has taken nothing of AT+CIPSENDL for SO_SNDTIMEO.
    Stuck,
    /// Passthrough tries to open its lost link again.
    Reopen,
    /// A client of the server has been silent for the time of AT+CIPSTO.
    SilentClient,
    /// mDNS announces its records again.
    Announcement,
    /// SNTP asks its server.
    SntpQuestion,
    /// SNTP has waited long enough for an answer: the next server is asked.
    SntpAnswer,
    /// AT+CIUPDATE has erased a part of flash, or written a block to it.
    UpdateFlash,
    /// AT+CIUPDATE has taken too long as a whole.
    UpdateTimeout,
    /// MQTT has waited long enough: for a connection, for CONNACK, for the stack to take something.
    MqttTimeout,
    /// MQTT pings its broker, or has waited long enough for the answer.
    MqttPing,
    /// MQTT sends a packet again that was not acknowledged, or gives it up.
    MqttResend,
    /// MQTT tries to connect again.
    MqttReconnect,
    /// Opening a WebSocket link, or its end, has taken too long.
    WebSocketStep,
    /// A WebSocket link that was lost is opened again.
    WebSocketReopen,
    /// Hostile reports that are held back are let go.
    Reports,
    /// Nothing has come on a WebSocket link for a while: it is pinged.
    WebSocketPing,
    /// A ping on a WebSocket link has stayed without an answer for too long.
    WebSocketPong,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Timer; 23] = [
        Timer::Stray,
        Timer::Notice,
        Timer::Command,
        Timer::Job,
        Timer::Cancel,
        Timer::Block,
        Timer::Stuck,
        Timer::Reopen,
        Timer::SilentClient,
        Timer::Announcement,
        Timer::SntpQuestion,
        Timer::SntpAnswer,
        Timer::UpdateFlash,
        Timer::UpdateTimeout,
        Timer::MqttTimeout,
        Timer::MqttPing,
        Timer::MqttResend,
        Timer::MqttReconnect,
        Timer::WebSocketStep,
        Timer::WebSocketReopen,
        Timer::Reports,
        Timer::WebSocketPing,
        Timer::WebSocketPong,
    ];
}

impl At {
    /// When [`At::poll`] must be called at the latest, the stack and the station apart.
    /// `receiving`: when the byte that is on its way from the MCU started.
    pub fn next_timeout(&self, receiving: Option<Instant>) -> Option<Instant> {
        earliest(Timer::ALL.map(|timer| self.fires_at(timer, receiving)))
    }

    /// A timer that should have fired by now.
    pub(super) fn overdue(&self, now: Instant, receiving: Option<Instant>) -> Option<Timer> {
        let due = |timer: &Timer| self.fires_at(*timer, receiving).is_some_and(|at| at <= now);
        Timer::ALL.into_iter().find(due)
    }

    /// When a timer fires, if it is set. None but that of reports does while the firmware stands still.
    fn fires_at(&self, timer: Timer, receiving: Option<Instant>) -> Option<Instant> {
        let core = &self.core;
        match timer {
            Timer::Reports => core.out.held_until(),
            _ if self.stands_still() => None,
            Timer::Stray => self.stray.filter(|until| receiving.is_none_or(|start| start >= *until)),
            Timer::Command => match &self.phase {
                Phase::Parsed(at, _) => Some(*at),
                Phase::Idle | Phase::Running(_) => None,
            },
            Timer::Job => match &self.phase {
                Phase::Running(_) if self.waits_for_stray() => None,
                Phase::Running(job) => job.next_timer(),
                Phase::Idle | Phase::Parsed(..) => None,
            },
            Timer::Cancel => self.input.cancelled_at(receiving),
            Timer::Block => self.input.block_at(receiving),
            Timer::Stuck => self.input.stuck_until(core),
            Timer::Reopen => self.input.reopen_at(),
            Timer::Notice => receive::next_timer(core),
            Timer::SilentClient => accept::next_timer(core),
            Timer::Announcement => core.radio.mdns.as_ref().and_then(Mdns::next_timer),
            Timer::SntpQuestion => core.sntp.question_at(),
            Timer::SntpAnswer => core.sntp.next_server_at(),
            Timer::UpdateFlash => core.update.flash_until(),
            Timer::UpdateTimeout => core.update.deadline(),
            Timer::MqttTimeout => core.mqtt.deadline(),
            Timer::MqttPing => core.mqtt.keep_alive_at(),
            Timer::MqttResend => core.mqtt.resend_at(),
            Timer::MqttReconnect => core.mqtt.reconnect_at(),
            Timer::WebSocketStep => core.websockets.step_at(),
            Timer::WebSocketReopen => core.websockets.reopen_at(),
            Timer::WebSocketPing => core.websockets.ping_at(),
            Timer::WebSocketPong => core.websockets.pong_at(),
        }
    }
}
