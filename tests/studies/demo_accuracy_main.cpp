// circuit_demo_accuracy: prints the table of examples/demo/README.md.
#include <cstdio>

#include "tests/studies/demo_accuracy.h"
#include "tracer/machine/threads.h"

int main() {
  const circuit::ThreadScope threads(0);
  std::fputs(circuit::studies::demo_accuracy_table(CIRCUIT_DEMO_DIR).c_str(), stdout);
  return 0;
}
