case foo in
  bar)
    echo bar
    ;;
  foo)
    echo foo
    echo again
    ;;
esac
