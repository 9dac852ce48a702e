# A log in the form that the page shows.
for i in $(seq 10 30); do
  echo "10.0.0.$i - - [2026-05-17T10:05:$i+00:00] \"GET /a HTTP/1.1\" 200 \"s$i\""
done | gzip >access.log.gz
