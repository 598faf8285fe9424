/// To be built.
enum SimulatorRoom {}
