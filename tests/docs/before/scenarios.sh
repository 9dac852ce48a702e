# The template that an example names.
cp -r "$SOURCE/scenarios/haproxy" .
