use super::*;
#[test]
fn probe() {
    for n in [100usize, 1000, 10_000, 100_000, 1_000_000] {
        let t = format!("{}b=1", "a.".repeat(n));
        println!("{n}: {:?}", Scenario::parse("x", &t).err().map(|e| e.message.len()));
    }
}
#[test]
fn default_parses() {
    match Scenario::parse("default", Scenario::default_text()) {
        Ok(s) => println!("{s:#?}"),
        Err(e) => panic!("{e}"),
    }
}
