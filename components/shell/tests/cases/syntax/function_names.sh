a-b() { echo dash; }; a.b() { echo dot; }; a:b() { echo colon; }; a-b; a.b; a:b
