mkdir -p d/e; touch d/x d/y d/e/z; echo d/* */x */*/z d/e/ */
