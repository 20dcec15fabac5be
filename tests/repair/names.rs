//! Names on the command line: files of the cache, and nothing else.

use crate::repair::{AFTER, put, read, token, token_file};
use crate::support::Sandbox;

#[test]
fn a_name_or_path_of_the_cache_is_repaired_alone() {
    let sandbox = Sandbox::new();
    let (corp, dev) = (token_file(&sandbox, "corp"), token_file(&sandbox, "dev"));
    put(&corp, token("aoa", AFTER) + "}");
    put(&dev, "{");
    let name = corp.file_name().unwrap().to_str().unwrap();
    let document = sandbox.run(&format!("sso-cache repair {name}")).exits(0).document();
    assert_eq!(document["action"], "salvaged");
    assert_eq!(read(&dev), "{");
    let document = sandbox.run(&format!("sso-cache repair {}", dev.display())).exits(0).document();
    assert_eq!(document["action"], "quarantined");
}

#[test]
fn a_name_that_leaves_the_cache_is_refused() {
    let sandbox = Sandbox::new();
    put(&sandbox.home().join(".aws/x.json"), "{");
    put(&token_file(&sandbox, "corp"), "{");
    let outside = sandbox.home().join(".aws/x.json");
    let round = sandbox.token_dir().join("../../x.json");
    for name in ["../x.json", "..", ".", "/", "/etc/passwd", "cache/../x.json", "./x.json"] {
        sandbox
            .run(&format!("sso-cache repair {name}"))
            .exits(2)
            .says("is not the name of a file of the cache");
    }
    for path in [outside, round] {
        let line = format!("sso-cache repair {}", path.display());
        sandbox.run(&line).exits(2).says("is not the name of a file of the cache");
    }
    // One bad name among good ones: nothing happens at all.
    let good = token_file(&sandbox, "corp");
    sandbox.run(&format!("sso-cache repair {} ../x.json", good.display())).exits(2);
    assert_eq!(read(good), "{");
    sandbox.run("sso-cache repair missing.json").exits(74).says("there is no missing.json in the cache");
}
