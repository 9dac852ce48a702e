# The scenarios of a project, and the variables of a runner that is not there.
mkdir -p ci/scenarios
cp "$SOURCE/scenarios/quickstart.json" ci/scenarios/
