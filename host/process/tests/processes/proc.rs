//! `/proc` of processes, and standard descriptors by name.

use crate::userland::userland;

fn says(script: &str, expected: &str) {
    let fixture = userland();
    let (code, text) = fixture.sh(script);
    assert_eq!((code, text.as_str()), (0, expected), "{script}");
    fixture.assert_clean();
}

#[test]
fn a_process_finds_itself() {
    says(
        "cd /tmp; A=b python3 -c 'import os; me = os.readlink(\"/proc/self\")\nprint(me == str(os.getpid()), os.path.realpath(\"/proc/self/cwd\"), os.readlink(\"/proc/self/exe\"))\n\
         print(open(\"/proc/self/cmdline\").read().split(chr(0))[:2], open(\"/proc/self/comm\").read().strip())\n\
         print(\"A=b\" in open(\"/proc/self/environ\").read().split(chr(0)))\n\
         status = dict(line.split(\":\\t\") for line in open(\"/proc/self/status\").read().splitlines())\n\
         print(status[\"Name\"], int(status[\"PPid\"]) == os.getppid() or status[\"PPid\"], status[\"Pid\"] == me)\n\
         print(len(open(\"/proc/self/stat\").read().split()))'",
        "True /tmp /usr/bin/python3\n['python3', '-c'] python3\nTrue\npython3 True True\n52\n",
    );
}

#[test]
fn processes_find_each_other() {
    says(
        "sleep 30 & p=$!; tr '\\0' ' ' < /proc/$p/cmdline; cat /proc/$p/comm; ls /proc | grep -cx $p; \
         grep PPid /proc/$p/status | grep -cw $$; cat /proc/$p/cgroup; ls /proc/$p | tr '\\n' ' '; \
         kill $p; wait $p; [ -e /proc/$p ]; echo $?; cat /proc/$p/stat 2>/dev/null; echo $?; \
         [ -e /proc/007 ] || echo none; echo x 2>/dev/null > /proc/self/comm; echo $?",
        "sleep 30 sleep\n1\n1\n0::/\ncgroup cmdline comm cwd environ exe fd mounts root stat statm status 1\n1\nnone\n1\n",
    );
}

#[test]
fn nobody_opens_the_descriptors_of_others_and_no_name_leads_outside() {
    says(
        "sleep 30 & p=$!; cat /proc/$p/fd/1 2>/dev/null; echo $?; readlink /proc/$p/fd/0; ls /proc/$p/fd | tr '\\n' ' '; \
         ls -d /proc/$p/root/proc /proc/self/root/tmp | wc -l; rm -rf /proc/$p 2>/dev/null; [ -d /proc/$p ]; echo $?; kill $p; \
         mkdir /tmp/d; ln -s /proc/self /tmp/d/me; ls /tmp/d/me/ | grep -c status",
        "1\n/dev/null\n0 1 2 2\n0\n1\n",
    );
}

#[test]
fn standard_descriptors_have_names() {
    says(
        "echo one | cat /dev/stdin; echo two | cat - /dev/fd/0 | cat; printf 'b\\na\\n' | sort /dev/stdin | tr '\\n' ' '; \
         echo three | tee /dev/stderr 2>&1 >/dev/null; echo 'print(4)' | python3 /dev/stdin; \
         echo five | python3 -c 'print(open(\"/dev/stdin\").read().strip(), file=open(\"/dev/stdout\", \"w\"))'; \
         echo 'echo six' | sh /dev/stdin; echo seven | cp /dev/stdin /tmp/seven; cat /tmp/seven; \
         echo '{\"a\": 8}' | jq -c .a /dev/stdin; echo nine | sed p /proc/self/fd/0 | wc -l; \
         echo x | diff - /dev/null >/dev/null; echo $?; ls -l /dev/stdin | sed 's/.* -> //'; [ -e /dev/stdout ] && echo there; \
         cat /dev/stdout </dev/null >/dev/null 2>&1; echo $?",
        "one\ntwo\na b three\n4\nfive\nsix\nseven\n8\n2\n1\n/proc/self/fd/0\nthere\n0\n",
    );
}

#[test]
fn settings_of_the_kernel_can_be_read() {
    says(
        "cat /proc/sys/kernel/ostype /proc/sys/vm/overcommit_memory; a=$(cat /proc/sys/kernel/random/uuid); \
         b=$(cat /proc/sys/kernel/random/uuid); [ $a != $b ] && echo $a | grep -cE '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'; \
         [ $(cat /proc/sys/kernel/random/boot_id) = $(cat /proc/sys/kernel/random/boot_id) ] && echo same; \
         find /proc/sys -type f | wc -l",
        "Linux\n2\n1\nsame\n7\n",
    );
}
