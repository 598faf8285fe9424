/// To be built.
enum SendingRoom {}
