// Kept empty: see crest_library() in targets.cmake.
