# A relocatable tree: bin/headway, and a worker that finds LibTorch through HEADWAY_TORCH.
include(GNUInstallDirs)
install(TARGETS headway RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS headway-worker RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/headway)
install(TARGETS headway-loopback LIBRARY DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/headway)
install(PROGRAMS "${PROJECT_SOURCE_DIR}/cmake/headway-worker.sh" DESTINATION ${CMAKE_INSTALL_BINDIR}
        RENAME headway-worker)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/sweeps" DESTINATION ${CMAKE_INSTALL_DATADIR}/headway)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION ${CMAKE_INSTALL_DOCDIR})
