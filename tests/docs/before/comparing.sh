# Two results, of a main branch and of another.
crest-sim run quickstart --engine virtual --quiet --out main
crest-sim run quickstart --engine virtual --quiet --out branch --seed 2
