/// To be built.
enum BotsRoom {}
