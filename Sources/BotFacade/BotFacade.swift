/// To be built.
enum BotFacadeRoom {}
