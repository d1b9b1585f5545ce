//! The queues between smoltcp and the rest of the stack. smoltcp sees a point-to-point IP link; framing and
//! neighbours are [`super::ethernet`]'s.

use std::collections::VecDeque;

use smoltcp::phy::{self, Device, DeviceCapabilities};

/// IP packets on their way into smoltcp (`rx`) and out of it (`tx`).
pub(super) struct Queues {
    pub(super) rx: VecDeque<Vec<u8>>,
    pub(super) tx: VecDeque<Vec<u8>>,
    mtu: usize,
}

impl Queues {
    /// Empty queues; `mtu` counts IP bytes.
    pub(super) fn new(mtu: usize) -> Self {
        Queues { rx: VecDeque::new(), tx: VecDeque::new(), mtu }
    }
}

/// A packet for smoltcp.
pub(super) struct Received(Vec<u8>);
/// Room for a packet from smoltcp.
pub(super) struct Room<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Queues {
    type RxToken<'a> = Received;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Received, Room<'_>)> {
        let packet = self.rx.pop_front()?;
        Some((Received(packet), Room(&mut self.tx)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Room<'_>> {
        Some(Room(&mut self.tx))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = phy::Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}
