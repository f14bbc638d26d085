//! A disk that takes nothing does not fill the memory.

use super::disk::Trouble;
use super::in_no_time;
use super::world::{WHILE, World};

#[test]
fn while_nothing_can_be_saved_no_more_is_folded_than_memory_has_room_for() {
    in_no_time(async {
        for store_fails in [false, true] {
            let mut world = World::new(1, false);
            world.start().await;
            world.publish(50).await;
            world.comes_right().await;
            if store_fails {
                world.disk.meets(Trouble::FailsAfter(0));
                world.publish(3).await;
                world.pass(WHILE / 6).await;
            }
            world.disk.meets(Trouble::Full);
            for _ in 0..10 {
                world.publish(400).await;
                world.pass(WHILE).await;
                world.no_number_is_wrong().await;
            }
            let status = world.status().unwrap();
            let views = world.process.as_ref().unwrap().projector.views();
            let unsaved = views.read(|view| view.journal_bytes() + view.fresh_bytes());
            assert!(unsaved < 60 << 10, "{unsaved} bytes in memory");
            assert!(status.position < status.head, "{status:?}");
            assert!(status.silent_seconds < 1.0, "{status:?}");
            let why = status.unsaved.unwrap();
            assert!(why.contains("no more is folded"), "{why}");
            world.disk.meets(Trouble::None);
            world.comes_right().await;
        }
    });
}
