/// To be built.
enum ChatsRoom {}
