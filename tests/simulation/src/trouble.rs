//! What goes wrong on the network, on purpose.

use crate::net::End;
use crate::world::{Action, World};

impl World {
    /// Cuts a client's live wire: of what is on the way, only the first so many bytes still arrive.
    pub fn cut(&mut self, client: usize, keep_up: usize, keep_down: usize) -> bool {
        let Some(wire) = self.live_wire(client) else { return false };
        self.cut_wire(wire, keep_up, keep_down);
        true
    }

    /// Cuts all of a client's wires that have been open for so long: a network that is gone for a moment, or a middle
    /// box that ends whatever is that old. Gives how many there were.
    pub fn cut_all(&mut self, client: usize, open_for: u64) -> usize {
        let lives = |wire: &usize| {
            let wire = &self.wires[*wire];
            !wire.dead && wire.open_since.is_some_and(|since| self.now >= since + open_for)
        };
        let wires: Vec<usize> = self.clients[client].sockets.values().copied().filter(lives).collect();
        wires.iter().for_each(|wire| self.cut_wire(*wire, 0, 0));
        wires.len()
    }

    fn cut_wire(&mut self, wire: usize, keep_up: usize, keep_down: usize) {
        self.trace.line(self.now, || {
            format!("wire {wire} is cut; {keep_up} bytes up and {keep_down} down still arrive")
        });
        let travel = self.conditions.travel(&mut self.random);
        let state = &mut self.wires[wire];
        state.dead = true;
        state.up.truncate(keep_up);
        state.down.truncate(keep_down);
        let at_hub = state.up.push_close(self.now + travel);
        let at_device = state.down.push_close(self.now + travel);
        self.at(at_hub, Action::Arrive(wire, End::Hub));
        self.at(at_device, Action::Arrive(wire, End::Device));
    }

    /// Cuts it at a random byte in each direction.
    pub fn cut_anywhere(&mut self, client: usize) -> bool {
        let Some(wire) = self.live_wire(client) else { return false };
        let up = self.random.index(self.wires[wire].up.bytes() + 1);
        let down = self.random.index(self.wires[wire].down.bytes() + 1);
        self.cut(client, up, down)
    }

    /// The client's live wire swallows everything from now on, in both directions, and nobody is told.
    pub fn swallow(&mut self, client: usize) -> bool {
        let Some(wire) = self.live_wire(client) else { return false };
        self.trace.line(self.now, || format!("wire {wire} swallows everything from now on"));
        let state = &mut self.wires[wire];
        state.dead = true;
        state.up.truncate(0);
        state.down.truncate(0);
        true
    }
}
