touch a-b ab; echo a[-]b a[]-]b
