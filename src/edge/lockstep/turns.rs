//! Whose turn it is: the boards of one world, one at a time, in the order of their times.
//!
//! A board has come so far and would go on, or it sleeps until a time that it has named, or until a byte comes. The next
//! is the one that can do something first; of two at one time, the first in the scenario. It may go on until the next
//! event of its own module, and no further than the lookahead beyond the time at which the next of the others can do
//! something: nothing that they will do reaches it before. Nothing here depends on when anybody asks.

use super::message::{Go, Input};
use crate::time::Instant;
use crate::world::scenario::LEAST_LATENCY_BETWEEN_MODULES;
use crate::world::{Attachment, Error, ModuleId, World};

/// How far a board may come beyond the time of the first of the others, ns.
const LOOKAHEAD: u64 = LEAST_LATENCY_BETWEEN_MODULES.as_nanos();
/// How much sooner it is asked to come back, ns. An emulator is late by up to an instruction, and the slowest that QEMU can
/// be told to execute (`-icount shift=10`) takes a microsecond.
const MARGIN: u64 = 5_000;
/// How often in a row nothing may come of a module's event before that is taken for a fault.
const STUCK_MAX: u32 = 100_000;

/// What a board does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It has come so far, and would go on.
    Awake(u64),
    /// It sleeps until then; `None`: until a byte comes.
    Asleep(Option<u64>),
    /// It runs, and may act up to this time; `None`: for ever.
    Running(Option<u64>),
    /// Nobody is there. The module lives on.
    Gone,
}

/// A module, and the board that drives it.
#[derive(Debug)]
struct Board {
    module: ModuleId,
    state: State,
}

/// What happens next.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// This board goes on.
    Board(usize, Go),
    /// The limit has been reached.
    Limit,
    /// At this time all boards sleep, and nothing is left that could wake one.
    Asleep(Instant),
    /// A module does not get past this time.
    Stuck(Instant),
}

/// All boards of a world. Their numbers are those of the scenario's modules.
#[derive(Debug)]
pub struct Turns {
    boards: Vec<Board>,
    /// Where the run ends, ns.
    limit: Option<u64>,
    stuck: u32,
}

impl Turns {
    /// A driver for each of the world's modules, in the scenario's order: a board where there is how it attaches, and
    /// nobody otherwise. The boards stand at 0. The run ends at `limit`, ns.
    ///
    /// # Errors
    /// Those of [`World::attach`].
    pub fn new(world: &mut World, boards: &[Option<Attachment>], limit: Option<u64>) -> Result<Turns, Error> {
        let names: Vec<String> = world.module_names().into_iter().map(str::to_owned).collect();
        let boards = names.iter().enumerate().map(|(index, name)| {
            let attachment = boards.get(index).copied().flatten();
            let state = if attachment.is_some() { State::Awake(0) } else { State::Gone };
            let module = world.attach(name, attachment.unwrap_or_default())?;
            Ok(Board { module, state })
        });
        Ok(Turns { boards: boards.collect::<Result<_, Error>>()?, limit, stuck: 0 })
    }

    /// The module that this board drives.
    pub fn module(&self, board: usize) -> Option<ModuleId> {
        self.boards.get(board).map(|board| board.module)
    }

    /// True when no board is left.
    pub fn is_over(&self) -> bool {
        self.boards.iter().all(|board| board.state == State::Gone)
    }

    /// The board that runs.
    pub fn running(&self) -> Option<usize> {
        self.boards.iter().position(|board| matches!(board.state, State::Running(_)))
    }

    /// Lets the world come to the next board that can do something. None runs.
    ///
    /// # Errors
    /// Those of [`World::advance`]: a fault here.
    pub fn next(&mut self, world: &mut World) -> Result<Turn, Error> {
        loop {
            let Some((now, index)) = self.first(world, None)? else {
                return Ok(Turn::Asleep(self.furthest(world)?));
            };
            if let Some(limit) = self.limit.filter(|limit| now >= *limit) {
                self.bring_up(world, limit)?;
                return Ok(Turn::Limit);
            }
            self.bring_up(world, now)?;
            let Board { module, state } = self.boards[index];
            let mut bytes = Vec::new();
            while let Some(byte) = world.uart_read(module)? {
                bytes.push(byte.byte);
            }
            let wakes = match state {
                State::Awake(_) => true,
                State::Asleep(until) => !bytes.is_empty() || until == Some(now),
                State::Running(_) | State::Gone => false,
            };
            if wakes {
                self.stuck = 0;
                let go = self.go(world, index, now, bytes)?;
                return Ok(Turn::Board(index, go));
            }
            // Something has happened in the world that this board does not notice.
            let moves_on = self.first(world, None)?.is_none_or(|(next, _)| next > now);
            self.stuck = if moves_on { 0 } else { self.stuck + 1 };
            if self.stuck > STUCK_MAX {
                return Ok(Turn::Stuck(Instant::from_nanos(now)));
            }
        }
    }

    /// The board that runs does something at `at`, which is not later than it may. How far it may go on then.
    ///
    /// # Errors
    /// Those of the world's calls; [`Error::TooFarAhead`] when it came too far.
    pub fn input(&mut self, world: &mut World, board: usize, at: u64, input: &Input) -> Result<Go, Error> {
        let now = self.come(world, board, at)?;
        let module = self.boards[board].module;
        input.apply(world, module, now)?;
        self.go(world, board, now, Vec::new())
    }

    /// The board has come so far and would go on.
    pub fn reach(&mut self, board: usize, at: u64) {
        self.boards[board].state = State::Awake(at);
    }

    /// The board has come so far and sleeps.
    ///
    /// # Errors
    /// Those of [`World::advance`].
    pub fn sleep(
        &mut self,
        world: &mut World,
        board: usize,
        at: u64,
        until: Option<u64>,
    ) -> Result<(), Error> {
        self.come(world, board, at)?;
        self.boards[board].state = State::Asleep(until.map(|until| until.max(at)));
        Ok(())
    }

    /// The board has gone; its module lives on. `at`: where it says that it has come to.
    ///
    /// # Errors
    /// Those of [`World::advance`].
    pub fn gone(&mut self, world: &mut World, board: usize, at: Option<u64>) -> Result<(), Error> {
        // One that goes while it is another's turn has been waiting: it is where it was.
        let came = match at {
            Some(at) if matches!(self.boards[board].state, State::Running(_)) => {
                self.come(world, board, at).map(|_| ())
            }
            _ => Ok(()),
        };
        self.boards[board].state = State::Gone;
        came
    }

    /// The running board has come to `at`. Those who sleep come along, and the world up to there.
    fn come(&mut self, world: &mut World, board: usize, at: u64) -> Result<u64, Error> {
        let module = self.boards[board].module;
        let first = self.first(world, Some(board))?.map_or(at, |(first, _)| first);
        self.bring_up(world, at.min(first))?;
        let now = at.max(world.now(module)?.as_nanos());
        world.advance(module, now)?;
        Ok(now)
    }

    /// How far the board may go on from `now`.
    fn go(&mut self, world: &mut World, board: usize, now: u64, bytes: Vec<u8>) -> Result<Go, Error> {
        let module = self.boards[board].module;
        let horizon = self.first(world, Some(board))?.map(|(first, _)| first.saturating_add(LOOKAHEAD));
        let back = horizon.map(|horizon| horizon.saturating_sub(MARGIN));
        let next = world.next_event(module)?;
        let until = [next, back, self.limit].into_iter().flatten().min();
        self.boards[board].state = State::Running(horizon);
        Ok(Go {
            at: now,
            until: until.map(|until| until.max(now)),
            horizon,
            moved: world.changed_at().as_nanos(),
            is_sending: world.mcu_pending(module)? > 0,
            lines: [world.mcu_line_settings(module)?, world.line_settings(module)?],
            bytes,
        })
    }

    /// Who of the others can do something first, and when.
    fn first(&self, world: &World, but: Option<usize>) -> Result<Option<(u64, usize)>, Error> {
        let mut first: Option<(u64, usize)> = None;
        for (index, board) in self.boards.iter().enumerate() {
            if Some(index) == but {
                continue;
            }
            let time = match board.state {
                State::Awake(at) => Some(at),
                State::Asleep(until) => [until, world.next_event(board.module)?].into_iter().flatten().min(),
                State::Gone => world.next_event(board.module)?,
                State::Running(_) => None,
            };
            if let Some(time) = time
                && first.is_none_or(|(least, _)| time < least)
            {
                first = Some((time, index));
            }
        }
        Ok(first)
    }

    fn furthest(&self, world: &World) -> Result<Instant, Error> {
        let mut furthest = Instant::ZERO;
        for board in &self.boards {
            furthest = furthest.max(world.now(board.module)?);
        }
        Ok(furthest)
    }

    /// Lets the world come to `at` for those modules that have not come so far.
    fn bring_up(&self, world: &mut World, at: u64) -> Result<(), Error> {
        let at = Instant::from_nanos(at);
        if self.furthest(world)? <= at {
            return world.advance_all(at);
        }
        for board in &self.boards {
            if world.now(board.module)? < at {
                world.advance(board.module, at.as_nanos())?;
            }
        }
        Ok(())
    }
}
