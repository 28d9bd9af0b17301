package dev.drp.files;

/** What a member of a tar is. */
enum TarType {
  FILE,
  FOLDER,
  SYMBOLIC_LINK,
  HARD_LINK,
  PIPE,
  DEVICE
}
