#!/usr/bin/env node
require("./launch.cjs").launch("dicom2hdf5");
