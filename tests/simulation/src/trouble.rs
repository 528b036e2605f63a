//! What goes wrong on the network, on purpose.

use crate::net::End;
use crate::world::{Action, World};

impl World {
    /// Cuts a client's live wire: of what is on the way, only the first so many bytes still arrive.
    pub fn cut(&mut self, client: usize, keep_up: usize, keep_down: usize) -> bool {
        let Some(wire) = self.live_wire(client) else { return false };
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
        true
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
