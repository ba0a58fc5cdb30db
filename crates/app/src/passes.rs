//! Approvals between their decision and the socket, per terminal.
//!
//! An approval takes a pass before it asks the store for its decision, and gives it back when its bytes are written or
//! its connection is dropped. A report waits for the passes that were out when its hold became durable; those taken later
//! will meet the hold.
//!
//! Invariant: a pass that was revoked never begins to be written.

use std::collections::HashMap;

use domain::TerminalId;

/// The passes of one node.
#[derive(Debug, Default)]
pub struct Passes {
    terminals: HashMap<TerminalId, Vec<(u64, State)>>,
    next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not yet being written.
    Waiting,
    /// Its bytes are on their way into the socket.
    Writing,
    /// It must never be written.
    Revoked,
}

impl Passes {
    /// Takes a pass for a terminal. Later ones have higher numbers.
    pub fn take(&mut self, terminal_id: TerminalId) -> u64 {
        let number = self.next;
        self.next += 1;
        let out = self.terminals.entry(terminal_id).or_default();
        out.push((number, State::Waiting));
        number
    }

    /// Says that writing begins. False when the pass was revoked: drop the answer and its connection.
    pub fn begin_write(&mut self, terminal_id: TerminalId, number: u64) -> bool {
        let out = self.terminals.get_mut(&terminal_id).into_iter().flatten();
        match out.into_iter().find(|(own, _)| *own == number) {
            Some((_, state @ State::Waiting)) => {
                *state = State::Writing;
                true
            }
            _ => false,
        }
    }

    /// Gives a pass back.
    pub fn give_back(&mut self, terminal_id: TerminalId, number: u64) {
        if let Some(out) = self.terminals.get_mut(&terminal_id) {
            out.retain(|(own, _)| *own != number);
            if out.is_empty() {
                self.terminals.remove(&terminal_id);
            }
        }
    }

    /// The number of the next pass: all that are out now have lower ones.
    pub const fn mark(&self) -> u64 {
        self.next
    }

    /// How many passes of the terminal numbered below `before` can still bring an approval to a socket.
    pub fn out_before(&self, terminal_id: TerminalId, before: u64) -> usize {
        let out = self.terminals.get(&terminal_id).into_iter().flatten();
        out.filter(|(number, state)| *number < before && *state != State::Revoked)
            .count()
    }

    /// Revokes those of them that have not begun to be written.
    pub fn revoke_before(&mut self, terminal_id: TerminalId, before: u64) {
        let out = self.terminals.get_mut(&terminal_id).into_iter().flatten();
        for (number, state) in out {
            if *number < before && *state == State::Waiting {
                *state = State::Revoked;
            }
        }
    }

    /// Revokes every pass that has not begun to be written: this node was taken for gone, and nobody waits for it.
    pub fn revoke_all(&mut self) {
        for (_, state) in self.terminals.values_mut().flatten() {
            if *state == State::Waiting {
                *state = State::Revoked;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(number: u8) -> TerminalId {
        TerminalId::parse(format!("1045000{number}").as_bytes()).unwrap()
    }

    #[test]
    fn a_report_waits_for_what_was_out_and_not_for_what_comes_later() {
        let mut passes = Passes::default();
        let first = passes.take(terminal(1));
        let before = passes.mark();
        let (later, other) = (passes.take(terminal(1)), passes.take(terminal(2)));
        assert_eq!(passes.out_before(terminal(1), before), 1);
        assert!(passes.begin_write(terminal(1), first));
        assert_eq!(
            passes.out_before(terminal(1), before),
            1,
            "its bytes are not out yet"
        );
        passes.give_back(terminal(1), first);
        assert_eq!(passes.out_before(terminal(1), before), 0);
        assert!(passes.begin_write(terminal(1), later) && passes.begin_write(terminal(2), other));
    }

    #[test]
    fn what_is_revoked_is_never_written_and_what_is_being_written_is_waited_for() {
        let mut passes = Passes::default();
        let (waiting, writing) = (passes.take(terminal(1)), passes.take(terminal(1)));
        assert!(passes.begin_write(terminal(1), writing));
        passes.revoke_before(terminal(1), passes.mark());
        assert_eq!(passes.out_before(terminal(1), passes.mark()), 1);
        assert!(!passes.begin_write(terminal(1), waiting));
        let other = passes.take(terminal(2));
        passes.revoke_all();
        assert!(!passes.begin_write(terminal(2), other));
    }
}
