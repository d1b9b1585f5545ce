//! What the input modes tell whoever polls them: payload, long send, upload and passthrough are such modes, and
//! [`Input`](super::input::Input) is the one that is on.

/// What a look at a mode comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// It did something.
    pub moved: bool,
    /// The MCU's payload so far is a whole block though no byte was marked as its last.
    pub block_ended: bool,
    /// It is over: the MCU speaks commands again.
    pub over: bool,
}
