//! Python and signals: handlers, KeyboardInterrupt and alarms, also for code that asks the host for nothing.

use crate::userland::userland;

/// Runs Python that says something; what it says, and how it ends.
fn says(code: &str, ends: i32, words: &str) {
    let fixture = userland();
    let (ended, text) = fixture.sh(&format!(
        "cat > /tmp/a.py <<'END'\n{code}\nEND\ntimeout 20 python3 /tmp/a.py"
    ));
    assert!(ended == ends && text.contains(words), "{code}: {ended}, {text}");
    fixture.assert_clean();
}

#[test]
fn a_loop_that_asks_for_nothing_is_interrupted() {
    let fixture = userland();
    for (code, words) in [
        ("while True: pass", "KeyboardInterrupt"),
        (
            "import re; re.match(r\"(a+)+$\", \"a\" * 60 + \"b\")",
            "KeyboardInterrupt",
        ),
        ("import gc; gc.disable()\nwhile True: pass", "KeyboardInterrupt"),
        (
            "try:\n    while True: pass\nexcept KeyboardInterrupt: print(\"caught\"); raise",
            "caught",
        ),
    ] {
        let (code, text) = fixture.sh(&format!(
            "set -m; python3 -c '{code}' & p=$!; sleep 0.5; kill -INT $p; wait $p"
        ));
        assert!(code == 130 && text.contains(words), "{code}, {text}");
        assert!(!text.contains("sandbar_python"), "{text}");
    }
    fixture.assert_clean();
}

#[test]
fn waits_are_interrupted_with_their_clean_up() {
    let fixture = userland();
    for wait in [
        "import time; time.sleep(30)",
        "import sys; sys.stdin.read()",
        "input()",
        "import subprocess; subprocess.run([\"sleep\", \"30\"])",
        "import select; select.select([0], [], [])",
        "import asyncio; asyncio.run(asyncio.sleep(30))",
    ] {
        let (code, text) = fixture.sh(&format!(
            "set -m; sleep 30 | python3 -c 'try:\n    {wait}\nfinally: print(\"cleaned\")' & sleep 0.7; kill -INT $(pgrep -x python3); sleep 0.3; jobs -l; pgrep -x python3; kill %1; exit 0"
        ));
        assert!(
            code == 0 && text.contains("cleaned") && text.contains("KeyboardInterrupt"),
            "{wait}: {text}"
        );
    }
}

#[test]
fn a_wait_that_nothing_interrupts_ends_the_process_all_the_same() {
    let fixture = userland();
    let (code, text) = fixture.sh(
        "set -m; python3 -c 'import socket\ns = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(); s.accept()' & p=$!; sleep 0.5; kill -INT $p; wait $p",
    );
    assert_eq!(code, 130, "{text}");
    fixture.assert_clean();
}

#[test]
fn alarms_ring() {
    says(
        "import signal, time\ngot = []\nsignal.signal(signal.SIGALRM, lambda *_: got.append(1))\n\
         signal.setitimer(signal.ITIMER_REAL, 0.05, 0.02)\nwhile len(got) < 5: pass\n\
         print(signal.setitimer(signal.ITIMER_REAL, 0)[1])\n\
         signal.alarm(1); begun = time.monotonic(); time.sleep(1.3)\nprint(len(got), time.monotonic() - begun >= 1.3)",
        0,
        "0.02\n6 True\n",
    );
    says(
        "import signal, subprocess\nclass Late(Exception): pass\ndef late(*_): raise Late\nsignal.signal(signal.SIGALRM, late)\n\
         signal.setitimer(signal.ITIMER_REAL, 0.2)\ntry: subprocess.run(['sleep', '9'])\nexcept Late: print('late')",
        0,
        "late\n",
    );
    says("import signal\nsignal.alarm(1)\nwhile True: pass", 142, "");
}

#[test]
fn an_event_loop_hears_signals() {
    says(
        "import asyncio, os, signal\nasync def main():\n    told = asyncio.Event()\n    loop = asyncio.get_running_loop()\n\
         \x20   loop.add_signal_handler(signal.SIGTERM, told.set)\n    loop.call_later(0.1, os.kill, os.getpid(), 15)\n\
         \x20   await told.wait()\n    print(loop.remove_signal_handler(signal.SIGTERM), loop.remove_signal_handler(signal.SIGTERM))\nasyncio.run(main())",
        0,
        "True False\n",
    );
}

#[test]
fn refusals_have_the_numbers_of_linux() {
    says(
        "import errno, pickle\ntry: open('/dev/full', 'wb', buffering=0).write(b'x')\nexcept OSError as error:\n\
         \x20   print(errno.errorcode[error.errno], pickle.loads(pickle.dumps(error)).errno == error.errno)\n\
         kept = []\ntry:\n    while True: kept.append(open('/etc/passwd'))\nexcept OSError as error: number = error.errno\n\
         kept.clear()\nprint(errno.errorcode[number])",
        0,
        "ENOSPC True\nEMFILE\n",
    );
}

#[test]
fn everybody_tells_the_same_figures() {
    let fixture = userland();
    let (code, text) = fixture.sh(
        "python3 -c 'import os, shutil; u = shutil.disk_usage(\"/\"); print(os.cpu_count(), u.total, u.free)'; \
         echo $(nproc) $(df -B1 / | awk 'END { print $2, $4 }'); grep -c ^processor /proc/cpuinfo; nproc; \
         free -b | awk '/Mem/ { print $2 }'; awk '/MemTotal/ { print $2 * 1024 }' /proc/meminfo",
    );
    let lines: Vec<&str> = text.lines().collect();
    assert!(code == 0 && lines.len() == 6, "{text}");
    assert!(lines.chunks(2).all(|pair| pair[0] == pair[1]), "{text}");
}
