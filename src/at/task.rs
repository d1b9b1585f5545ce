//! What goes on beside the commands: a row for each task, polled in one place, in this order.

use super::{Core, Env, accept};
use crate::time::Instant;

/// Something that the firmware does by itself, while the host may type commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// AT+MDNS: announces a name, and answers who asks for it.
    Mdns,
    /// AT+CIPSNTPCFG: asks for the time.
    Sntp,
    /// AT+CIUPDATE: loads firmware. The command may wait for it, or not.
    Update,
    /// AT+MQTTCONN: keeps the connection with the broker.
    Mqtt,
    /// AT+WSOPEN: its links open, lose and find their servers, and print what comes.
    WebSocket,
    /// AT+CIPSERVER: takes clients, and closes those that stay silent.
    Server,
}

impl Task {
    /// Every task, in the order in which they are polled.
    pub const ALL: [Task; 6] =
        [Task::Mdns, Task::Sntp, Task::Update, Task::Mqtt, Task::WebSocket, Task::Server];

    /// Does what is due, and looks at its sockets. True when it did something.
    pub fn poll(self, now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
        match self {
            Task::Mdns => core.radio.mdns.as_mut().is_some_and(|mdns| mdns.poll(now, env.stack)),
            Task::Sntp => core.sntp.poll(now, &mut core.system.clock, &mut core.out, env),
            Task::Update => core.update.poll(now, &mut core.out, &core.system, env),
            Task::Mqtt => core.mqtt.poll(now, &mut core.out, core.system.clock, env),
            Task::WebSocket => core.websockets.poll(now, &mut core.out, core.system.clock, env),
            Task::Server => accept::poll(now, core, env),
        }
    }
}
