//! Steps that are done in order and, where one doesn't hold, undone in the reverse order.

/// A step of something that is to happen whole or not at all.
pub(super) trait Step<C> {
    /// Does the step.
    fn run(&self, context: &mut C) -> anyhow::Result<()>;
    /// Undoes what the step did: all of it, the part that was done before it failed, or nothing.
    fn undo(&self, context: &mut C) -> anyhow::Result<()>;
}

/// Why the steps didn't all hold, and what is to be undone.
#[derive(Debug)]
pub(super) struct Stopped<'s, S> {
    /// What the failed step said, or the signal.
    pub(super) why: anyhow::Error,
    begun: &'s [S],
}

/// Does the steps in order, until one fails or `check` does, which is asked before each: whether this process was told to
/// end. The step that failed counts as begun, too, since it may have failed half way.
pub(super) fn forward<'s, C, S: Step<C>>(
    steps: &'s [S],
    context: &mut C,
    check: impl Fn() -> anyhow::Result<()>,
) -> Result<(), Stopped<'s, S>> {
    for (done, step) in steps.iter().enumerate() {
        let stopped = |begun| move |why| Stopped { why, begun: steps.get(..begun).unwrap_or(steps) };
        check().map_err(stopped(done))?;
        step.run(context).map_err(stopped(done + 1))?;
    }
    Ok(())
}

impl<S> Stopped<'_, S> {
    /// A failure before the first step.
    pub(super) fn at_once(why: anyhow::Error) -> Self {
        Self { why, begun: &[] }
    }

    /// Undoes all that was begun, the last step first, whatever fails on the way. Answers what could not be undone.
    pub(super) fn undo<C>(&self, context: &mut C) -> Vec<anyhow::Error>
    where
        S: Step<C>,
    {
        self.begun.iter().rev().filter_map(|step| step.undo(context).err()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{bail, ensure};

    const STEPS: [u8; 4] = [0, 1, 2, 3];

    /// What happened, and where things go wrong.
    #[derive(Default)]
    struct World {
        done: Vec<u8>,
        undone: Vec<u8>,
        fails_at: Option<u8>,
        is_stuck_at: Option<u8>,
    }

    impl Step<World> for u8 {
        fn run(&self, world: &mut World) -> anyhow::Result<()> {
            ensure!(world.fails_at != Some(*self), "step {self} failed");
            world.done.push(*self);
            Ok(())
        }

        fn undo(&self, world: &mut World) -> anyhow::Result<()> {
            world.undone.push(*self);
            ensure!(world.is_stuck_at != Some(*self), "step {self} stays");
            Ok(())
        }
    }

    #[test]
    fn steps_that_all_hold_are_done_in_order_and_stay() {
        let mut world = World::default();
        forward(&STEPS, &mut world, || Ok(())).unwrap();
        assert_eq!((world.done, world.undone), (STEPS.to_vec(), vec![]));
    }

    #[test]
    fn a_step_that_fails_is_undone_with_all_before_it_the_last_first() {
        for (fails_at, done, undone) in [
            (0, vec![], vec![0]),
            (1, vec![0], vec![1, 0]),
            (2, vec![0, 1], vec![2, 1, 0]),
            (3, vec![0, 1, 2], vec![3, 2, 1, 0]),
        ] {
            let mut world = World { fails_at: Some(fails_at), ..World::default() };
            let stopped = forward(&STEPS, &mut world, || Ok(())).unwrap_err();
            assert_eq!(stopped.why.to_string(), format!("step {fails_at} failed"));
            assert!(stopped.undo(&mut world).is_empty());
            assert_eq!((world.done, world.undone), (done, undone), "fails at {fails_at}");
        }
    }

    #[test]
    fn a_signal_undoes_what_was_begun_and_begins_nothing_more() {
        for (after, undone) in [(0, vec![]), (1, vec![0]), (2, vec![1, 0]), (3, vec![2, 1, 0])] {
            let asked = std::cell::Cell::new(0);
            let mut world = World::default();
            let stopped = forward(&STEPS, &mut world, || {
                if asked.replace(asked.get() + 1) == after {
                    bail!("interrupted");
                }
                Ok(())
            });
            let stopped = stopped.unwrap_err();
            assert_eq!(stopped.why.to_string(), "interrupted");
            assert!(stopped.undo(&mut world).is_empty());
            assert_eq!((world.done.len(), world.undone), (after, undone), "after {after} steps");
        }
    }

    #[test]
    fn what_can_not_be_undone_is_said_and_keeps_nothing_else_from_being_undone() {
        let mut world = World { fails_at: Some(3), is_stuck_at: Some(1), ..World::default() };
        let stopped = forward(&STEPS, &mut world, || Ok(())).unwrap_err();
        let left: Vec<_> = stopped.undo(&mut world).iter().map(ToString::to_string).collect();
        assert_eq!((left, world.undone), (vec!["step 1 stays".to_owned()], vec![3, 2, 1, 0]));
    }

    #[test]
    fn a_failure_before_the_first_step_has_nothing_to_undo() {
        let mut world = World::default();
        assert!(Stopped::<u8>::at_once(anyhow::anyhow!("no reference")).undo(&mut world).is_empty());
        assert_eq!(world.undone, [0; 0]);
    }
}
